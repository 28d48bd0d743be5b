"""What columns say of findings: `{% load findings %}`."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.common.templatetags.components import stage, state
from apps.common.templatetags.figures import money
from apps.common.templatetags.threads import when
from apps.scans.columns import OF_ONE_SERIES, STANDARD, Column, Layout, laid_out
from apps.scans.models import Finding
from apps.scans.newness import new_this_week

register = template.Library()
register.filter(new_this_week)

_CELLS: dict[str, Callable[[Any], object]] = {  # of a Finding, read for its columns
    "system": lambda finding: finding.system,
    "stage": lambda finding: stage(finding.stage),
    "tool": lambda finding: finding.series.tool,
    "branch": lambda finding: finding.series.branch,
    "environment": lambda finding: finding.series.environment,
    "weaknesses": lambda finding: ", ".join(f"CWE-{cwe}" for cwe in finding.cwes),
    "vulnerabilities": lambda finding: ", ".join(finding.vulnerabilities),
    "package": lambda finding: finding.purl,
    "owner": lambda finding: finding.owner.team if hasattr(finding, "owner") else "",
    "tags": lambda finding: ", ".join(str(each.tag) for each in finding.tags.all()),
    "annual_loss": lambda finding: money(finding.annual_loss, settings.SECOPS_CURRENCY),
    "state": lambda finding: state("finding", finding.state),
    "first_seen": lambda finding: when(finding.first_seen_at),
}


@register.simple_tag
def standard_layout(*, of_one_series: bool = False) -> Layout:
    """The columns where nobody has chosen. of_one_series: without what is the same in all rows."""
    return laid_out(OF_ONE_SERIES if of_one_series else STANDARD)


@register.simple_tag
def finding_cells(finding: Finding, layout: Layout) -> SafeString:
    """The cells of a row beside the finding itself, one for each column.

    Written here and not in a template: a list has hundreds of them, and they are most of what it costs.
    """
    cells = ((_begun(column), _CELLS[column.name](finding)) for column in layout.columns)
    return format_html_join("", "{}{}</td>", cells)


@lru_cache(maxsize=64)  # the columns in every language
def _begun(column: Column) -> SafeString:
    """The beginning of a cell, the same in all rows of all lists. column: with its label in words."""
    css = format_html(' class="{}"', column.css) if column.css else ""
    return format_html('<td data-label="{}"{}>', column.label, css)

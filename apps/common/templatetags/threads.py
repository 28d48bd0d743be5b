"""What people and machines said and did: `{% load threads %}`."""

from collections.abc import Sequence
from datetime import date, datetime

from django import template
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.common.blanks import BLANK
from apps.common.templatetags.blocks import extra_attributes, render_component
from apps.common.ui.ages import age_of
from apps.common.ui.clauses import clauses
from apps.common.ui.diff import DiffLine
from apps.common.ui.states import STATES, state_look

register = template.Library()
Text = str | Promise
Values = dict[str, object]
_PHASES = tuple(STATES["report-phase"])
_PROGRESS = ("received", "processing", "processed")


@register.simple_tag
def when(moment: datetime | None, *, full: bool = False) -> SafeString:
    """A moment as its age ("3 days ago"), with date and time on pointing at it; "never" for None.

    full: writes date and time out.
    """
    if not moment:
        return format_html('<span class="faint">{}</span>', _("never"))
    here = timezone.localtime(moment)
    written = date_format(here, "DATETIME_FORMAT")
    return format_html(
        '<time class="nowrap" datetime="{}" title="{} {}">{}</time>',
        here.isoformat(),
        written,
        here.tzname(),
        written if full else age_of(moment),
    )


@register.inclusion_tag("components/due.html")
def due(day: date | None) -> Values:
    """A date until which something holds: the day, and how long that is; nothing for None."""
    days = None if day is None else (day - timezone.localdate()).days
    tone = "" if days is None else "bad" if days < 0 else "warn" if days <= 30 else ""
    return {"day": day, "days": days, "ago": 0 if days is None else -days, "tone": tone}


@register.simple_block_tag(takes_context=True)
def statement(
    context: template.Context,
    content: SafeString,
    *,
    condition: str,
    consequence: str,
    compact: bool = False,
) -> SafeString:
    """A risk statement, "If you ..., then ...". Body: marks below it (state, key, value).

    Its opening words are the portal's (apps.common.ui.clauses).
    """
    said = clauses(condition, consequence)
    values = {
        "opening": said.opening,
        "condition": _with_blanks(said.condition),
        "then": said.then,
        "consequence": _with_blanks(said.consequence),
        "language": "" if said.language == translation.get_language() else said.language,
        "compact": compact,
        "body": content,
    }
    return render_component(context, "statement", values)


def _with_blanks(clause: str) -> SafeString:
    """Where guidance leaves a blank, it is seen to be one."""
    found, end = list(BLANK.finditer(clause)), 0
    pieces = []
    for blank in found:
        pieces.append((clause[end : blank.start()], blank[0]))
        end = blank.end()
    marked = format_html_join("", '{}<mark class="blank">{}</mark>', pieces)
    return format_html("{}{}", marked, clause[end:])


@register.simple_block_tag(takes_context=True)
def compare(context: template.Context, content: SafeString, *, label: Text) -> SafeString:
    """Options side by side. Body: compare_option tags. label: of the group."""
    return render_component(context, "compare", {"label": label, "body": content})


@register.simple_block_tag(takes_context=True)
def compare_option(
    context: template.Context,
    content: SafeString,
    *,
    title: Text,
    value: Text,
    cost: Text = "",
    difference: Text = "",
    actions: Text = "",
    baseline: bool = False,
    recommended: bool = False,
    chosen: bool = False,
    **attributes: object,
) -> SafeString:
    """One option. value, cost, difference, actions: slots; their rows align across the options.

    Body: what speaks for and against it (statements). difference: against the baseline, in words.
    """
    values = {
        "title": title,
        "value": value,
        "cost": cost,
        "difference": difference,
        "actions": actions,
        "baseline": baseline,
        "recommended": recommended,
        "chosen": chosen,
        "body": content,
        "attributes": extra_attributes(attributes),
    }
    return render_component(context, "compare_option", values)


@register.simple_block_tag(takes_context=True)
def remark(
    context: template.Context,
    content: SafeString,
    *,
    author: str,
    moment: datetime,
    kind: str = "question",
    accepted: bool = False,
    anchor: str = "",
    actions: Text = "",
) -> SafeString:
    """A question or an answer (kind says which). Body: its text. actions: a slot below."""
    values = {
        "author": author,
        "moment": moment,
        "kind": kind,
        "accepted": accepted,
        "id": anchor,
        "actions": actions,
        "body": content,
    }
    return render_component(context, "remark", values)


@register.simple_block_tag(takes_context=True)
def timeline(context: template.Context, content: SafeString, *, label: Text) -> SafeString:
    """What happened, newest first. Body: event tags."""
    return render_component(context, "timeline", {"label": label, "body": content})


@register.simple_block_tag(takes_context=True)
def event(
    context: template.Context,
    content: SafeString,
    *,
    title: Text,
    moment: datetime | None = None,
    icon: str = "circle",
    tone: str = "neutral",
) -> SafeString:
    """One happening of a timeline. Body: further words, may be empty."""
    values = {"title": title, "moment": moment, "icon": icon, "tone": tone, "body": content}
    return render_component(context, "event", values)


@register.inclusion_tag("components/report_progress.html")
def report_progress(state: str, phase: str = "") -> Values:
    """How far a report has come: received, processing, then processed or failed or quarantined.

    phase: what its worker does now (apps/scans/progress.py), in place of "processing".
    """
    if phase in _PHASES and state in {"received", "processing"}:
        at = _PHASES.index(phase)
        looks = [state_look("report-phase", name) for name in _PHASES]
        return {
            "steps": [
                {"look": look, "mark": _mark(index, at, failed=False)}
                for index, look in enumerate(looks)
            ]
        }
    reached = _PROGRESS.index(state) if state in _PROGRESS else len(_PROGRESS) - 1
    names = [*_PROGRESS[:-1], state] if reached == len(_PROGRESS) - 1 else list(_PROGRESS)
    failed = state not in _PROGRESS
    steps = [
        {"look": state_look("report", name), "mark": _mark(index, reached, failed=failed)}
        for index, name in enumerate(names)
    ]
    return {"steps": steps}


def _mark(index: int, reached: int, *, failed: bool) -> str:
    if index < reached or (index == reached == len(_PROGRESS) - 1 and not failed):
        return "is-done"
    if index > reached:
        return ""
    return "is-failed" if failed else "is-current"


@register.simple_block_tag(takes_context=True)
def code_block(
    context: template.Context, content: SafeString, *, anchor: str, label: Text = ""
) -> SafeString:
    """Text for a terminal or a file, with a button that copies it. anchor: its id on the page."""
    # Not stripped: that would make plain text of it, and the template would escape it again.
    return render_component(context, "code_block", {"id": anchor, "label": label, "body": content})


@register.inclusion_tag("components/diff.html")
def diff(lines: Sequence[DiffLine], label: Text) -> Values:
    """What changed between two texts: apps.common.ui.diff.diff_lines(before, after)."""
    return {"lines": lines, "label": label}


@register.simple_block_tag(takes_context=True)
def prose(context: template.Context, content: SafeString, *, ui: bool = False) -> SafeString:
    """Rendered Markdown. ui: in the size and face of the interface instead of the reading face."""
    return render_component(context, "prose", {"body": content, "ui": ui})

"""Marks where a searched word was found: `{% load hits %}`."""

import re

from django import template
from django.utils.safestring import SafeString

from apps.common.templatetags.marks import in_marks
from apps.guidance.models import Guidance
from apps.guidance.selectors import HIT_END, HIT_START

register = template.Library()
_HIT = re.compile(f"{HIT_START}([^{HIT_END}]*){HIT_END}")
_MARKUP = re.compile(r"[*`#|>]+|^- ", re.MULTILINE)  # Markdown's, which only disturbs in a fragment


@register.filter
def hits(headline: str) -> SafeString:
    """A headline of the search with its hits in <mark>; everything else is escaped."""
    return in_marks(_HIT.split(headline))


@register.filter
def excerpt(guidance: Guidance) -> str:
    """The place of the body that was hit, where the summary shows no hit; else nothing."""
    if HIT_START in getattr(guidance, "headline", HIT_START):
        return ""
    found: str = guidance.excerpt  # type: ignore[attr-defined]  # annotated by the search
    return _MARKUP.sub("", found) if HIT_START in found else ""

"""Marks where a sought text stands: `{% load marks %}`."""

import re
from collections.abc import Sequence

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def marked(text: str, sought: str) -> SafeString:
    """A text with what was sought in <mark>, in whatever case; everything is escaped."""
    if not sought.strip():
        return conditional_escape(text)
    return in_marks(re.split(f"({re.escape(sought.strip())})", str(text), flags=re.IGNORECASE))


def in_marks(pieces: Sequence[str]) -> SafeString:
    """Text, hit, text, hit, ... text as HTML, each piece escaped."""
    return format_html_join("", "{}", ((_piece(n, text),) for n, text in enumerate(pieces)))


def _piece(number: int, text: str) -> SafeString:
    return format_html("<mark>{}</mark>" if number % 2 else "{}", text)

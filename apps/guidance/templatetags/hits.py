"""Marks where a searched word was found: `{% load hits %}`."""

import re

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.guidance.selectors import HIT_END, HIT_START

register = template.Library()
_HIT = re.compile(f"{HIT_START}([^{HIT_END}]*){HIT_END}")


@register.filter
def hits(headline: str) -> SafeString:
    """A headline of the search with its hits in <mark>; everything else is escaped."""
    pieces = _HIT.split(headline)  # text, hit, text, hit, ... text
    return format_html_join("", "{}", ((_piece(n, text),) for n, text in enumerate(pieces)))


def _piece(number: int, text: str) -> SafeString:
    return format_html("<mark>{}</mark>" if number % 2 else "{}", text)

"""A guidance text as an article: safe HTML with headings to link to, and its contents."""

import re
from dataclasses import dataclass
from html import unescape

from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import slugify

from apps.common import markdown

_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
DEEPEST = 3  # further levels are headings, too, and would only make the contents long


@dataclass(frozen=True)
class Heading:
    """A line of the table of contents."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Article:
    html: SafeString
    contents: tuple[Heading, ...]


class _Anchored(str):
    """Cleaned HTML, to which this module added ids of letters, digits and hyphens only."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def article(text: str) -> Article:
    """The article of a Markdown text.

    Headings begin at level 2, below the title of the page, whatever level the writer began with.
    """
    cleaned = str(markdown.render(text))
    levels = [int(match.group(1)) for match in _HEADING.finditer(cleaned)]
    shift = 2 - min(levels, default=2)
    contents: list[Heading] = []
    taken: set[str] = set()

    def anchored(match: re.Match[str]) -> str:
        level = min(6, int(match.group(1)) + shift)
        words = unescape(strip_tags(match.group(2)))
        anchor = _free(slugify(words)[:60] or "part", taken)
        if level <= DEEPEST:
            contents.append(Heading(level, words, anchor))
        return f'<h{level} id="{anchor}">{match.group(2)}</h{level}>'

    html = format_html("{}", _Anchored(_HEADING.sub(anchored, cleaned)))
    return Article(html, tuple(contents))


def _free(wanted: str, taken: set[str]) -> str:
    """An anchor that no other heading has; prefixed, so that it meets no id of the page's frame."""
    anchor, number = f"s-{wanted}", 2
    while anchor in taken:
        anchor, number = f"s-{wanted}-{number}", number + 1
    taken.add(anchor)
    return anchor

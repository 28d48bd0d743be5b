"""Markdown that people write, as HTML that is safe to show.

SECURITY: raw HTML is off in the parser and the result passes an allow-list, so that a mistake in either
is caught by the other. Length is capped, since nested brackets make parsing slow.
"""

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_LENGTH = 100_000
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)
_TAGS = {
    *(
        "p",
        "br",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
    ),
    *("em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
}


class _Trusted(str):
    """Text that nh3 has cleaned."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def tokens(text: str) -> list[Token]:
    """What the text is made of, for other media than HTML; cut at MAX_LENGTH, too."""
    return _parser.parse(text[:MAX_LENGTH])


def render(text: str) -> SafeString:
    """HTML of a Markdown text. Text over MAX_LENGTH is cut there, on show only."""
    html = _parser.render(text[:MAX_LENGTH])
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return format_html("{}", _Trusted(clean))

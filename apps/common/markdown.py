"""Markdown that people write, as HTML that is safe to show.

SECURITY: raw HTML is off in the parser and the result passes an allow-list, so that a mistake in either
is caught by the other. Length is capped, and so is what makes parsing slow (`_bounded`). Pictures come from the
portal alone (apps/attachments, which asks who may see them); any other is a link, so that reading a text
tells nobody else of it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from apps.common.references import MENTION, mark_references, words_in

MAX_LENGTH = 100_000
LONGEST_LABEL = 60  # characters; a text is never many times as long for its labels
GLANCED = 2_000  # characters of a text that a list looks at
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(
    ["table", "strikethrough"]
)
# What a text of MAX_LENGTH may have before it is shown as it was typed. Parsing is linear in all of it, and still a
# text of nothing else would take seconds; what people write has a few.
MOST_UNCLOSED = 500  # brackets
MOST_QUOTED = 10  # levels, each of which every line after it asks
_DEEP = re.compile(rf"^(?:[ \t]*+>){{{MOST_QUOTED + 1}}}", re.MULTILINE)
# As an attachment names itself: the size, so that the page leaves room for it.
_OWN = re.compile(
    r"(/attachments/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:#(\d{1,5})x(\d{1,5}))?"
)
# A picture of ours as it stands in a text; the words have their brackets escaped, so that another one that
# begins ends them: a text of nothing but beginnings is read once, not from each of them.
_PICTURE = re.compile(
    r"!\[((?:\\.|[^\[\]\\]){0,1000})\]\((/attachments/[0-9a-f-]{36})(?:#\d{1,5}x\d{1,5})?\)"
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
    *("img", "span"),
}


_ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "code": {"class"},
    "span": {"class"},
    "td": {"data-label"},
    "img": {"src", "alt", "width", "height", "loading", "decoding"},
}


class _Trusted(str):
    """Text that nh3 has cleaned."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


def _image(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """An own picture, which leads to itself in full; of any other its words, which lead there."""
    token = tokens[at]
    said = escape(renderer.renderInlineAsText(token.children or [], options, env))
    source = str(token.attrs.get("src", ""))
    own = _OWN.fullmatch(source)
    shown, target = said or escape(source), escape(source)
    if own:
        width, height = own[2], own[3]
        size = f' width="{width}" height="{height}"' if width else ""
        target = own[1]
        words = said or escape(_("A picture that nobody has described"))
        shown = f'<img src="{target}" alt="{words}"{size} loading="lazy" decoding="async">'
    return shown if token.meta.get("in_link") else f'<a href="{target}">{shown}</a>'


def _in_links(state: StateCore) -> None:
    """A link around a picture has the say; links do not nest. Marked in one go: a text may be all pictures."""
    for block in state.tokens:
        is_inside = False
        for each in block.children or ():
            if each.type in {"link_open", "link_close"}:
                is_inside = each.type == "link_open"
            elif each.type == "image":
                each.meta["in_link"] = is_inside


_parser.add_render_rule("image", _image)
_parser.core.ruler.push("in_links", _in_links)


def _references(state: StateCore) -> None:
    """On pages only: on paper and in a file, an address of the portal's own leads nowhere."""
    if "people" in state.env:
        mark_references(state, state.env["people"])


_parser.core.ruler.push("references", _references)


def _labels(state: StateCore) -> None:
    """Each cell of a table says what its column is called: on a phone a row is a card (prose.css)."""
    heads: list[str] = []
    column = 0
    for token, inside in pairwise(state.tokens):
        if token.type == "thead_open":
            heads = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            heads.append(_plain(inside)[:LONGEST_LABEL])
        elif token.type == "td_open":
            if label := heads[column]:  # a row has as many cells as the head
                token.attrSet("data-label", label)
            column += 1


_parser.core.ruler.push("labels", _labels)


def _attribute(tag: str, name: str, value: str) -> str | None:
    """SECURITY: the second wall: no picture is loaded from elsewhere, whatever made it a tag."""
    if (tag, name) == ("img", "src") and not _OWN.fullmatch(value):
        return None
    return value


def glance(text: str, people: Mapping[str, str] = MappingProxyType({})) -> str:
    """A text in one line of plain words, for lists and notices: its beginning, without marks.

    people: by the names behind an @, in lower case, how they are called (apps/accounts/mentions.py).
    """
    text = text[:GLANCED]
    typed = _is_slow(text)
    seen = text if typed else " ".join(_plain(block) for block in _parser.parse(text))
    if people:
        seen = MENTION.sub(lambda found: people.get(found["name"].lower(), found[0]), seen)
    return " ".join(seen.split())


def _plain(block: Token) -> str:
    """The words of a block: of a picture its own, of code what it is."""
    if block.children is None:
        return block.content
    return "".join(_plain_inline(each) for each in block.children)


def _plain_inline(token: Token) -> str:
    if token.type == "image":
        return "".join(_plain_inline(each) for each in token.children or []) or _("[picture]")
    return " " if token.type in {"softbreak", "hardbreak"} else token.content


def absolute(text: str, base: str) -> str:
    """The Markdown with own pictures named from outside, for a text that leaves. base: the portal's address."""
    return _PICTURE.sub(lambda found: f"![{found[1]}]({base}{found[2]})", text)


def tokens(text: str) -> list[Token]:
    """What the text is made of, for other media than HTML; cut at MAX_LENGTH, too."""
    return _parser.parse(_bounded(text))


def _bounded(text: str) -> str:
    """The text that is parsed: cut at MAX_LENGTH; what would take long is a block of code, as it was typed."""
    text = text[:MAX_LENGTH]
    if not _is_slow(text):
        return text
    said = _(
        "This text has too many open brackets or quotes in quotes to be set, so it is shown as it was typed."
    )
    typed = "".join(f"    {line}\n" for line in text.splitlines())
    return f"*{said}*\n\n{typed}"


def _is_slow(text: str) -> bool:
    unclosed = text.count("[") - text.count("]")
    return unclosed > MOST_UNCLOSED or bool(_DEEP.search(text))


def words_of(text: str) -> list[str]:
    """The plain words of a text, piece by piece: neither code nor links."""
    blocks = tokens(text)
    return [words for block in blocks for words in words_in(block.children or [])]


def render(text: str, people: Collection[str] = ()) -> SafeString:
    """HTML of a Markdown text. Text over MAX_LENGTH is cut there, on show only.

    people: names behind an @ that are people's, in lower case (apps/accounts/mentions.py).
    """
    html = _parser.render(_bounded(text), {"people": people})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return format_html("{}", _Trusted(clean))

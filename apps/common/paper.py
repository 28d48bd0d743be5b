"""Documents for paper: typefaces, styles, and Markdown that people wrote, as paragraphs of a PDF.

SECURITY: text of people reaches reportlab's markup only through `words`, which escapes it: no tag of
theirs is read, so none names an image to fetch, a font or a colour. Nothing is fetched from anywhere.
"""

import functools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from io import BytesIO
from typing import Any

from django.conf import settings
from markdown_it.token import Token
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

from apps.common import markdown

INK, MUTED, LINE, ACCENT = map(HexColor, ("#16242b", "#52646e", "#c3d0d4", "#0b5563"))
MARGIN = 20 * mm
PADDING = 6  # points; reportlab's own, inside each frame
WIDTH = A4[0] - 2 * MARGIN - 2 * PADDING
NAMED_ABSENT = 30  # characters that a document says it lacks
DEEPEST = 5  # levels of lists and quotations that are still set in
INDENT = 5 * mm
# Each once: the markup of nested emphasis says nothing more, however deep somebody nests it.
_EMPHASIS = {"strong": "b", "em": "i", "s": "strike"}

rl_config.trustedHosts = ["fetches.nothing.invalid"]
rl_config.trustedSchemes = []


@functools.cache
def styles() -> dict[str, ParagraphStyle]:
    """The paragraph styles by name; the first call reads the typefaces.

    They are TrueType files with Latin, Greek and Cyrillic that the build of the assets lays there. A
    character of another script is shown as a box; the document says which (`absent_note`).
    """
    folder = settings.PAPER_FONTS
    for name, file in (
        ("Text", "NotoSans_400Regular.ttf"),
        ("Text-Bold", "NotoSans_700Bold.ttf"),
        ("Text-Italic", "NotoSans_400Regular_Italic.ttf"),
        ("Title", "SourceSerif4_600SemiBold.ttf"),
    ):
        pdfmetrics.registerFont(TTFont(name, folder / file))
    pdfmetrics.registerFontFamily(
        "Text", normal="Text", bold="Text-Bold", italic="Text-Italic", boldItalic="Text-Bold"
    )
    text = ParagraphStyle(
        "text", fontName="Text", fontSize=9.5, leading=14, textColor=INK, spaceAfter=5
    )
    small = ParagraphStyle(
        "small", parent=text, fontSize=8.5, leading=12, textColor=MUTED, spaceAfter=3
    )
    heading = {"parent": text, "fontName": "Title", "keepWithNext": 1}
    return {
        "text": text,
        "small": small,
        "cell": ParagraphStyle("cell", parent=text, fontSize=8.5, leading=12, spaceAfter=0),
        "code": ParagraphStyle("code", parent=small, leftIndent=INDENT, textColor=INK),
        "title": ParagraphStyle("title", **heading, fontSize=21, leading=26),
        "h2": ParagraphStyle("h2", **heading, fontSize=13.5, leading=18, spaceBefore=13),
        "h3": ParagraphStyle(
            "h3", parent=text, fontName="Text-Bold", spaceBefore=5, spaceAfter=2, keepWithNext=1
        ),
        "head": ParagraphStyle("head", parent=text, fontName="Text-Bold", fontSize=8.5, leading=12),
    }


# What the typefaces do not have of a document that is being made; None: nobody asks.
_absent: ContextVar[dict[str, None] | None] = ContextVar("absent", default=None)


@contextmanager
def noting_absent() -> Iterator[Mapping[str, None]]:
    """Inside, the characters are noted that no typeface has: each once, in the order of the text."""
    found: dict[str, None] = {}
    token = _absent.set(found)
    try:
        yield found
    finally:
        _absent.reset(token)


def absent_note(found: Iterable[str]) -> list[Flowable]:
    """Which characters are boxes in the document, by number and name; nothing where there is none.

    SECURITY: names are Unicode's, so nothing of anybody's text is shown twice.
    """
    named = [f"U+{ord(each):04X} {unicodedata.name(each, 'unnamed').lower()}" for each in found]
    if not named:
        return []
    more = f", and {len(named) - NAMED_ABSENT} more" if len(named) > NAMED_ABSENT else ""
    text = (
        "Characters that this document's typefaces do not have stand in it as boxes: "
        f"{', '.join(named[:NAMED_ABSENT])}{more}. The Markdown record has them all."
    )
    return [gap(), paragraph(text, "small")]


def words(text: object) -> str:
    """A text as reportlab's markup: characters only, none of it a tag; control characters are blanks."""
    shown = "".join(" " if unicodedata.category(each) == "Cc" else each for each in str(text))
    if (found := _absent.get()) is not None:
        has = pdfmetrics.getFont("Text").face.charToGlyph
        found.update(dict.fromkeys(each for each in shown if ord(each) not in has))
    return escape(shown, quote=False)


def paragraph(text: object, style: str = "text") -> Paragraph:
    """A text of anybody as one paragraph."""
    return Paragraph(words(text), styles()[style])


def prose(text: str) -> list[Flowable]:
    """The paragraphs of a Markdown text; pictures are their alternative text, links name their address."""
    return list(_Prose(markdown.tokens(text)).paragraphs())


class _Prose:
    """Walks the tokens of one text, knowing how deep in lists and quotations it is."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.depth = 0
        self.lists: list[int | None] = []  # the next number of each open list; None: bullets
        self.bullet = ""
        self.style = "text"
        self.in_row = False

    def paragraphs(self) -> Iterable[Flowable]:
        cells: list[str] = []
        for token in self.tokens:
            self._enter_or_leave(token)
            if token.type == "tr_open":
                cells = []
            elif token.type == "tr_close":
                yield self._set(" | ".join(cells))
            elif token.type == "inline" and self.in_row:
                cells.append(inline(token.children or ()))
            elif token.type == "inline":
                yield self._set(inline(token.children or ()))
            elif token.type in {"fence", "code_block"}:
                yield from self._code(token.content)

    def _enter_or_leave(self, token: Token) -> None:
        kind = token.type
        self.in_row = {"tr_open": True, "tr_close": False}.get(kind, self.in_row)
        if kind in {"bullet_list_open", "ordered_list_open"}:
            is_ordered = kind == "ordered_list_open"
            self.lists.append(int(token.attrs.get("start", 1)) if is_ordered else None)
            self.depth += 1
        elif kind == "list_item_open":
            number = self.lists[-1]
            self.bullet = "•" if number is None else f"{number}."
            self.lists[-1] = None if number is None else number + 1
        elif kind in {"bullet_list_close", "ordered_list_close"}:
            self.lists.pop()
            self.depth -= 1
        elif kind in {"blockquote_open", "blockquote_close"}:
            self.depth += 1 if kind == "blockquote_open" else -1
        elif kind in {"heading_open", "heading_close"}:
            self.style = "h3" if kind == "heading_open" else "text"

    def _set(self, markup: str) -> Paragraph:
        base = styles()[self.style]
        bullet, self.bullet = self.bullet, ""
        indent = min(self.depth, DEEPEST) * INDENT
        style = ParagraphStyle(
            "set", parent=base, leftIndent=indent, bulletIndent=max(0, indent - INDENT)
        )
        return Paragraph(markup, style, bulletText=bullet or None)

    def _code(self, content: str) -> Iterable[Flowable]:
        """A paragraph a line, so that a long listing breaks over pages."""
        for line in content.rstrip("\n").split("\n"):
            yield Paragraph(words(line).replace(" ", "\N{NO-BREAK SPACE}"), styles()["code"])


def inline(tokens: Iterable[Token]) -> str:
    """The markup of one paragraph's tokens."""
    parts: list[str] = []
    opened = dict.fromkeys(_EMPHASIS, 0)
    targets: list[str] = []
    for token in tokens:
        name, _, edge = token.type.rpartition("_")
        if name in _EMPHASIS and edge in {"open", "close"}:
            opened[name] += 1 if edge == "open" else -1
            is_outer = opened[name] == (1 if edge == "open" else 0)
            parts.append(f"<{'/' if edge == 'close' else ''}{_EMPHASIS[name]}>" if is_outer else "")
        elif token.type == "link_open":
            targets.append(str(token.attrs.get("href", "")))
        elif token.type == "link_close":
            target = targets.pop()
            is_said = not target or "".join(parts).endswith(words(target))
            parts.append("" if is_said else f" ({words(target)})")
        elif token.type == "hardbreak":
            parts.append("<br/>")
        else:
            parts.append(" " if token.type == "softbreak" else words(token.content))
    return "".join(parts)


def gap(height: float = 3 * mm) -> Spacer:
    return Spacer(1, height)


class _NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Writes "page 2 of 3" below each page once it knows how many there are."""

    foot = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  # reportlab's name
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, state in enumerate(self._kept, 1):
            self.__dict__.update(state)
            self.setFont("Text", 7.5)
            self.setFillColor(MUTED)
            self.drawString(MARGIN + PADDING, 11 * mm, self.foot)
            self.drawRightString(
                A4[0] - MARGIN - PADDING, 11 * mm, f"Page {number} of {len(self._kept)}"
            )
            super().showPage()
        super().save()


def document(
    story: Sequence[Flowable], *, title: str, author: str, foot: str, subject: str = ""
) -> bytes:
    """A PDF on A4. foot: what stands below each page beside its number."""
    styles()
    file = BytesIO()
    frame = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=title,
        author=author,
        subject=subject,
        creator="SecOps Portal",
        lang="en",
    )
    numbered = type("Numbered", (_NumberedCanvas,), {"foot": foot})
    frame.build(list(story), canvasmaker=numbered)
    return file.getvalue()

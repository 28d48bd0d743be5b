"""Words from strangers: clean, short where a list shows them, links only where they are safe."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

TITLE_LENGTH = 300
MAX_REFERENCES = 50
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TAG = re.compile(
    r"</?(?:p|br|b|i|ul|ol|li|div|span|code|pre|a|strong|em|h\d|table|tr|td|th)\b[^>]*>",
    re.IGNORECASE,
)
_BLOCK_TAG = re.compile(r"</?(?:p|br|ul|ol|li|div|pre|h\d|table|tr)\b[^>]*>", re.IGNORECASE)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'", "&nbsp;": " "}
_URL = re.compile(r"https?://[^\s<>\"'`]{3,2000}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def clean(text: str | None) -> str:
    """Without NUL and lone surrogates, which PostgreSQL and UTF-8 refuse; outer white space
    removed."""
    if not text:
        return ""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii() and _LONE_SURROGATE.search(text):
        text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.strip()


def plain(value: Any) -> str:
    """Any scalar as clean text; lists joined by commas; empty for null and objects."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)[:400]
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, (plain(item) for item in value)))
    return ""


def first_line(*candidates: str | None) -> str:
    """The first candidate that has text: its first line, cut to what a list shows."""
    for candidate in candidates:
        if candidate and (text := clean(candidate)):
            line = text if len(text) <= TITLE_LENGTH and "\n" not in text else text.splitlines()[0]
            return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
    return ""


def named(*candidates: str | None) -> str:
    """`first_line` for what must have a name: rule ids and titles."""
    return first_line(*candidates) or "unnamed"


def paragraphs(*parts: str | None) -> str:
    """Distinct texts, a blank line between them."""
    seen: dict[str, None] = {}
    for part in parts:
        if part and (text := clean(part)):
            seen.setdefault(text)
    return "\n\n".join(seen)


def from_html(text: str | None) -> str:
    """Plain text of the light HTML that some tools put into descriptions."""
    text = clean(text)
    if "<" not in text and "&" not in text:
        return text
    text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    for entity, char in _ENTITIES.items():
        text = text.replace(entity, char)
    text = text.replace("&amp;", "&")
    return "\n".join(filter(None, (line.strip() for line in text.splitlines())))


def links(*sources: str | Iterable[str | None] | None) -> tuple[str, ...]:
    """The http(s) URLs among these texts, distinct, in their order, at most fifty.

    SECURITY: they become href attributes; any other scheme (javascript:, data:, file:) is left out.
    """
    found: dict[str, None] = {}
    for source in sources:
        if source:
            for text in (source,) if isinstance(source, str) else source:
                if isinstance(text, str) and is_link(url := clean(text)):
                    scheme, _, rest = url.partition(":")
                    found.setdefault(f"{scheme.lower()}:{rest}")
    return tuple(found)[:MAX_REFERENCES]


def is_link(url: str) -> bool:
    if not url.lower().startswith(("http://", "https://")) or len(url) > 2000:
        return False
    if any(char.isspace() or ord(char) < 32 or char in '<>"' for char in url):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def links_in(text: str | None) -> tuple[str, ...]:
    """The URLs inside running text."""
    if not text or "http" not in text:
        return ()
    return links(_without_end(match) for match in _URL.findall(text))


def _without_end(url: str) -> str:
    """A URL in running text without the punctuation after it; a bracket stays if it was opened."""
    while url and (url[-1] in ".,;:]}" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def tags(*values: Any) -> tuple[str, ...]:
    """Distinct, non-empty, in their order; each at most 100 characters."""
    found: dict[str, None] = {}
    for value in values:
        for item in value if isinstance(value, list | tuple | set | frozenset) else (value,):
            if text := plain(item)[:100]:
                found.setdefault(text)
    return tuple(found)


def positive(number: Any) -> int | None:
    """A line, column or port that the database can hold; None for anything else."""
    if type(number) is int:  # by far the most frequent
        return number if 0 < number < 2**31 else None
    if isinstance(number, str):
        return positive(int(number)) if number.isdecimal() and len(number) < 11 else None
    return None


def scored(value: Any) -> float | None:
    """A finite number, also as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number == number and abs(number) < 1e300 else None  # noqa: PLR0124  # NaN


def moment(value: Any) -> dt.datetime | None:
    """A point in time, aware: ISO 8601 or RFC 2822-like text, or seconds / milliseconds since 1970.

    Text without a zone is taken as UTC. None where it cannot be read or is outside 1970 to 2200.
    """
    if not isinstance(value, str):
        number = scored(value)
        return None if number is None else _from_number(number)
    if not value or len(value) > 100:
        return None
    found = _from_text(clean(value))
    return found if found and 1970 <= found.year <= 2200 else None


def _from_number(value: float) -> dt.datetime | None:
    seconds = value / 1000 if abs(value) > 1e11 else value
    if not 0 <= seconds < 7.2e9:
        return None
    return _EPOCH + dt.timedelta(seconds=seconds)


_NINE_DIGITS = re.compile(r"(\.\d{6})\d+")
_ODD_FRACTION = re.compile(r"\.(\d{1,5})(?=\D|$)")
_LAYOUTS = (
    "%a, %d %b %Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S %Z %Y",
    "%d %b %Y %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S %z",
    "%m/%d/%Y-%H:%M:%S.%f",
)


def _from_text(text: str) -> dt.datetime | None:
    iso = _NINE_DIGITS.sub(r"\1", text)
    iso = _ODD_FRACTION.sub(lambda match: "." + match[1].ljust(6, "0"), iso)
    try:
        return _aware(dt.datetime.fromisoformat(iso.removesuffix(" UTC").replace(" +", "+")))
    except (ValueError, OverflowError):
        pass
    for layout in _LAYOUTS:
        try:
            return _aware(dt.datetime.strptime(text, layout))  # noqa: DTZ007  # made aware here
        except (ValueError, OverflowError):
            continue
    return None


def _aware(found: dt.datetime) -> dt.datetime:
    return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)


def slash_path(path: str | None) -> str:
    """A file path with / and without the file scheme, as the tool gave it otherwise."""
    text = clean(path)
    if "\\" in text:
        text = text.replace("\\", "/")
    if text[:5].lower() == "file:":
        text = "/" + text[5:].lstrip("/")
        if len(text) > 3 and text[2] == ":":  # file:///C:/x
            text = text[1:]
    return text

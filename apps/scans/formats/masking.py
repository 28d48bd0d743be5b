"""Secrets found by tools never leave this package: a preview and a keyed hash remain.

Two ways, both used:

- formats of secret scanners know which field holds the secret: `conceal` masks it in the record, in
  every field and in every spelling that contains it;
- `scrub` masks credentials of well-known shape in the records of all other tools (a snippet, a
request,
  a log line), before the record is decoded, so that no field can carry one on.
"""

import contextlib
import contextvars
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

SECRET_CWES = frozenset({259, 321, 798})  # hard-coded password, key, credentials
_SECRET_RULE = re.compile(
    r"hard[-_ ]?coded.{0,40}(?:secret|passw|credential|key|token)"
    r"|(?:^|[./_-])secrets?[./]"
    r"|detected-[a-z-]{0,60}(?:key|token|secret|password|credential)"
    r"|generic-api-key",
    re.IGNORECASE,
)
MIN_HIDDEN = 4  # shorter values are masked in their own field only: "a" would be everywhere
_MASKED = re.compile(r"[*x.•]{3,}|\W*redacted\W*|<masked>|\[masked\]", re.IGNORECASE)

# Needle (searched first, at memory speed) -> shape.
_SHORT_SHAPES: tuple[tuple[bytes, bytes], ...] = (
    (b"PRIVATE KEY-----", rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^\"<-]{20,20000}[\x80-\xbf]*"),
    (b"@", rb"(?<=://)[^\s\"'<>/@:]{1,100}:[^\s\"'<>/@]{3,200}(?=@)"),
)
# Shapes with a run of at least 24 letters, digits, _ and -: looked for only where there is such a
# run.
_LONG_SHAPES: tuple[tuple[bytes, bytes], ...] = (
    (b"ghp_", rb"\bghp_[0-9A-Za-z]{30,255}"),
    (b"gho_", rb"\bgho_[0-9A-Za-z]{30,255}"),
    (b"ghs_", rb"\bghs_[0-9A-Za-z._-]{30,600}"),
    (b"ghu_", rb"\bghu_[0-9A-Za-z]{30,255}"),
    (b"github_pat_", rb"\bgithub_pat_[0-9A-Za-z_]{20,255}"),
    (b"glpat-", rb"\bglpat-[0-9A-Za-z_-]{20,255}"),
    (b"xox", rb"\bxox[abeoprs]-[0-9A-Za-z-]{20,255}"),
    (b"hooks.slack.com/services/", rb"hooks\.slack\.com/services/[0-9A-Za-z/_-]{20,100}"),
    (b"AIza", rb"\bAIza[0-9A-Za-z_-]{35}"),
    (b"k_live_", rb"\b[rs]k_live_[0-9A-Za-z]{16,255}"),
    (b"npm_", rb"\bnpm_[0-9A-Za-z]{36}\b"),
    (b"pypi-AgEI", rb"pypi-AgEI[0-9A-Za-z_-]{50,500}"),
    (b"SG.", rb"\bSG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{30,64}"),
    (b"eyJ", rb"\beyJ[0-9A-Za-z_-]{10,8000}\.eyJ[0-9A-Za-z_-]{10,8000}\.[0-9A-Za-z_-]{10,2000}"),
)
_SHORT = tuple((needle, re.compile(shape)) for needle, shape in _SHORT_SHAPES)
_LONG = tuple((needle, re.compile(shape)) for needle, shape in _LONG_SHAPES)
_AWS_KEY = re.compile(rb"A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])")
_RUN = b"a" * 24
_AS_RUNS = bytes(
    ord("a") if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_-") else ord(" ")
    for code in range(256)
)

_noted: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar(
    "noted", default=None
)


@contextlib.contextmanager
def noting() -> Iterator[dict[str, str]]:
    """Texts that formats find secrets in meanwhile, as the report has them, and as they are left."""
    found: dict[str, str] = {}
    before = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(before)


def note(text: str, masked: str = "[masked]") -> str:
    """For `noting`: the report has this text where we keep another one. Returns that other one."""
    if (found := _noted.get()) is not None and masked != text:
        found[text] = masked
    return masked


def scrub(record: bytes) -> bytes:
    """The record with credentials of well-known shape masked; the same object if there are none.

    Keeps JSON and XML well-formed: no shape contains a quote or a bracket, or cuts an escape in
    half.
    """
    if (b"KIA" in record or b"SIA" in record) and _AWS_KEY.search(record):
        record = _AWS_KEY.sub(_masked_match, record)
    for needle, pattern in _SHORT:
        if needle in record:
            record = pattern.sub(_masked_match, record)
    if _RUN in record.translate(_AS_RUNS):
        for needle, pattern in _LONG:
            if needle in record:
                record = pattern.sub(_masked_match, record)
    return record


_HEADERS = rb"(?:(?:set-)?cookie|(?:proxy-)?authorization|x-(?:api|auth)-[a-z]{3,5})"
_HTTP_HEADER = re.compile(
    rb"(?i)((?:(?<=\\[nr])|(?<![0-9a-z_-]))" + _HEADERS + rb": ?)"
    # With quoted values, in JSON; the end is no middle of a character.
    rb"(?:[^\r\n\\\"<]|(?<==)\\\"[^\r\n\\\"<]{0,4000}+\\\"){3,8000}[\x80-\xbf]*"
)
# The same where headers are members of JSON: by their names, or as pairs of name and value.
_JSON_TEXT = rb'"(?:[^"\\]|\\.)*+"'
_HTTP_MEMBER = re.compile(
    rb'(?i)((?:"name"\s*+:\s*+"' + _HEADERS + rb'"\s*+,\s*+"value"|"' + _HEADERS + rb'")\s*+:\s*+)'
    rb"(" + _JSON_TEXT + rb"|\[(?:\s*+" + _JSON_TEXT + rb"\s*+,?)++\s*+\])",
    re.DOTALL,
)
_ANY_JSON_TEXT = re.compile(_JSON_TEXT, re.DOTALL)


def shapes(data: memoryview) -> Iterator[tuple[int, int, bytes]]:
    """Where `scrub` and `scrub_http` would mask in a whole report, in no order: start, end, what is left."""
    for needle, pattern in (*_SHORT, *_LONG, (b"", _AWS_KEY)):
        # Looked for first: most reports hold none, and a needle is found at memory speed.
        if re.search(re.escape(needle), data):
            for match in pattern.finditer(data):
                yield match.start(), match.end(), _masked_match(match)
    for match in _HTTP_HEADER.finditer(data):
        end = bytes(match[0]).partition(b"]]>")[0]  # a CDATA section goes on as it is
        yield match.end(1), match.start() + len(end), b"[masked]"
    for match in _HTTP_MEMBER.finditer(data):
        yield match.start(2), match.end(2), _member(bytes(match[2]))


def scrub_http(record: bytes) -> bytes:
    """`scrub`, and the values of cookie and authorization headers in recorded requests and
    answers."""
    masked = _HTTP_HEADER.sub(rb"\1[masked]", scrub(record))
    return _HTTP_MEMBER.sub(lambda match: match[1] + _member(match[2]), masked)


def _member(value: bytes) -> bytes:
    return _ANY_JSON_TEXT.sub(b'"[masked]"', value)


def scrub_text(text: str) -> str:
    return scrub(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _masked_match(match: re.Match[bytes]) -> bytes:
    begin = bytes(match[0][:4]).decode("utf-8", "ignore").encode()  # whole characters
    return begin.rstrip(b"\\") + b"[masked]"


def preview(secret: str) -> str:
    """What may be shown: a few first characters and the length, nothing of a short secret."""
    text = secret.strip()
    if not text or _MASKED.fullmatch(text):
        return text[:20]
    shown = 4 if len(text) >= 16 else 2 if len(text) >= 10 else 0
    start = text[:shown].splitlines()[0] if shown else ""
    return f"{start}[masked, {len(text)} characters]"


def is_masked(secret: str) -> bool:
    """Whether the tool masked it already, so that there is nothing to hash."""
    return bool(_MASKED.fullmatch(secret.strip()))


def digest(secret: str, salt: bytes) -> str:
    """Keyed hash (HMAC-SHA-256, 128 bits, hex) that tells two secrets apart without revealing
    them."""
    return hmac.new(salt, secret.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with each of these secrets, and each long line of one, replaced by its preview."""
    left = text
    for secret in sorted(_pieces(secrets), key=len, reverse=True):
        if secret in left:
            left = left.replace(secret, preview(secret))
    return note(text, left)


def _pieces(secrets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for secret in secrets:
        for spelling in {secret, secret.strip(), *_escaped(secret)}:
            found.add(spelling)
            lines = spelling.splitlines()
            found.update(
                line.strip() for line in lines if len(lines) > 1 and len(line.strip()) >= 8
            )
    return {piece for piece in found if len(piece) >= MIN_HIDDEN and not _MASKED.fullmatch(piece)}


def _escaped(secret: str) -> tuple[str, str]:
    """How the secret looks inside a JSON string that a tool put into a string."""
    return json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]


def conceal(value: Any, secrets: Iterable[str], fields: frozenset[str] = frozenset()) -> Any:
    """A decoded record with these secrets hidden in every string, and these fields masked whole."""
    pieces = [secret for secret in secrets if secret]
    return _concealed(value, pieces, fields)


def _concealed(value: Any, secrets: list[str], fields: frozenset[str]) -> Any:
    if isinstance(value, str):
        return hide(value, secrets)
    if isinstance(value, list):
        return [_concealed(item, secrets, fields) for item in value]
    if isinstance(value, dict):
        return {
            hide(key, secrets): _masked_field(item)
            if key in fields
            else _concealed(item, secrets, fields)
            for key, item in value.items()
        }
    return value


def _masked_field(value: Any) -> Any:
    if isinstance(value, str):
        return note(value, preview(value))
    if isinstance(value, dict):
        return {key: _masked_field(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked_field(item) for item in value]
    return value


def concealed_json(
    value: Any, secrets: Iterable[str], fields: frozenset[str] = frozenset()
) -> bytes:
    """`conceal`, as JSON: the raw copy of a secret's finding."""
    return scrub(msgspec.json.encode(conceal(value, secrets, fields)))


def is_about_secrets(rule: str, cwes: Iterable[int]) -> bool:
    """Whether a rule of a general analyser looks for credentials in code, so that its snippet is
    one."""
    return not SECRET_CWES.isdisjoint(cwes) or bool(_SECRET_RULE.search(rule))

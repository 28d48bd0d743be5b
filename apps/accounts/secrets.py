"""The text of API tokens: `secops_<12 key>.<40 random><6 check>`.

The prefix lets secret scanners recognise a leaked one; the check digits let them do so without asking us.
"""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass

PREFIX = "secops_"
ALPHABET = string.ascii_letters + string.digits
KEY_LENGTH, RANDOM_LENGTH, CHECK_LENGTH = 12, 40, 6


@dataclass(frozen=True)
class NewToken:
    key: str
    text: str  # shown once, never stored


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _check(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(CHECK_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[rest])
    return "".join(digits)


def new_token() -> NewToken:
    key = _random(KEY_LENGTH)
    body = f"{key}.{_random(RANDOM_LENGTH)}"
    return NewToken(key, f"{PREFIX}{body}{_check(body)}")


def key_of(text: str) -> str | None:
    """The public half of a well-formed token text, else None (no look-up is worth it)."""
    body, check = text.removeprefix(PREFIX)[:-CHECK_LENGTH], text[-CHECK_LENGTH:]
    well_formed = (
        text.startswith(PREFIX)
        and text.isascii()
        and len(body) == KEY_LENGTH + 1 + RANDOM_LENGTH
        and body[KEY_LENGTH] == "."
        and hmac.compare_digest(check, _check(body))
    )
    return body[:KEY_LENGTH] if well_formed else None


def digest(text: str, pepper: str) -> bytes:
    """HMAC-SHA256 of the whole text. The token is random enough that a slow hash would add nothing."""
    return hmac.new(pepper.encode(), text.encode(), hashlib.sha256).digest()

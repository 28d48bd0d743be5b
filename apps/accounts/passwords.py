"""Passwords that others have already lost, known without asking anybody.

Two lists: the one that comes with Django (19,640 of the most used, BSD), read the way people bend
a word into a password; and, where the operator gives one, a file of SHA-1 hashes in order, as Have
I Been Pwned offers for download. Source: NIST SP 800-63B-4, 3.1.1.2 (blocklists).
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.accounts.models import User

# As people write letters with digits and signs.
_LEET = str.maketrans("013457@$!|", "oieastasil")
_EDGES = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "
# Of the product itself; the organisation's come from SECOPS_PASSWORD_WORDS.
OWN = frozenset({"secops", "secopsportal", "secops-portal", "portalsecops"})
_SHORT = 3  # so few letters are no word, however often they are repeated
_DIGEST = 40  # hexadecimal digits of SHA-1


class BreachedPasswordValidator:
    """Refuses a password that stands in a list of lost ones, or is such a one with decoration."""

    def validate(self, password: str, user: User | None = None) -> None:  # Django's
        if is_bent_common(password) or is_listed(password):
            raise ValidationError(
                _(
                    "This password is in lists of passwords that were stolen elsewhere. "
                    "Choose another, such as four words that have nothing to do with each other."
                ),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return _("It must not be in lists of passwords that were stolen elsewhere.")


def is_bent_common(password: str) -> bool:
    """Whether it is a much-used password: repeated, with leading or trailing digits and signs, or
    with digits for letters."""
    word = password.lower().strip()
    if len(_once(word)) <= _SHORT:
        return True
    refused = _common() | _organisations() if settings.SECOPS_PASSWORD_WORDS else _common()
    return any(form in refused for form in _forms(word))


def is_listed(password: str, file: Path | None = None) -> bool:
    """Whether the operator's file holds the password's SHA-1.

    Raises: OSError when there is a file and it cannot be read; nobody's password passes unchecked.
    """
    path = file or (
        Path(settings.SECOPS_BREACHED_PASSWORDS) if settings.SECOPS_BREACHED_PASSWORDS else None
    )
    if path is None:
        return False
    # The list's own function, not how passwords are kept.
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    with path.open("rb") as lines:
        return _holds(lines, wanted.encode(), path.stat().st_size)


def _holds(lines: BinaryIO, wanted: bytes, size: int) -> bool:
    """Halve the file until a few lines are left: 30 reads of a file of 40 GB.

    Lines are `HASH` or `HASH:count`, in order of the hash, and of any length.
    """
    low, high = 0, size  # the line looked for, if there, begins in [low, high)
    while high - low > 4 * _DIGEST:
        middle = (low + high) // 2
        lines.seek(middle)
        lines.readline()  # the rest of a line that began before
        begins = lines.tell()
        if begins >= high or lines.readline()[:_DIGEST].upper() > wanted:
            high = middle + 1
        else:
            low = begins
    lines.seek(low)
    while lines.tell() <= high:
        line = lines.readline()
        if not line or (found := line[:_DIGEST].upper()) > wanted:
            return False
        if found == wanted:
            return True
    return False


def _forms(word: str) -> Iterator[str]:
    for each in {
        word,
        word.strip(_EDGES),
        word.translate(_LEET),
        word.strip(_EDGES).translate(_LEET),
    }:
        if len(each) > _SHORT:
            yield each
            yield _once(each)


def _once(word: str) -> str:
    """The part that a word repeats, such as abc of abcabc; the word itself where none is."""
    period = (word + word).find(word, 1)
    return word[:period]


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords) | OWN


def _organisations() -> set[str]:
    """Words that the operator names, without their spaces and signs."""
    return {"".join(filter(str.isalnum, each)).lower() for each in settings.SECOPS_PASSWORD_WORDS}

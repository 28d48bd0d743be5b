"""System checks: a list of passwords that cannot be used stops the deployment."""

from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_DIGEST = 40
_HINT = "Give a file of SHA-1 hashes, one a line, in order of the hash (docs/operations.md)."


@register
def breached_passwords_are_usable(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    name = settings.SECOPS_BREACHED_PASSWORDS
    if not name:
        return []
    try:
        with Path(name).open("rb") as lines:
            first = [line.strip().upper()[:_DIGEST] for line in islice(lines, 1000)]
    except OSError as error:
        text = f"SECOPS_BREACHED_PASSWORDS cannot be read: {error.strerror}."
        return [Error(text, hint=_HINT, id="accounts.E001")]
    in_shape = first and all(
        len(digest) == _DIGEST and not digest.strip(b"0123456789ABCDEF") for digest in first
    )
    if not in_shape or any(one > two for one, two in pairwise(first)):
        text = "SECOPS_BREACHED_PASSWORDS is no list of SHA-1 hashes in order."
        return [Error(text, hint=_HINT, id="accounts.E002")]
    return []

"""Secrets at rest: Fernet (AES-128-CBC with HMAC-SHA256) under keys from the environment.

SECOPS_CREDENTIAL_KEYS lists them, the newest first: it seals, all of them open. Source: Fernet
specification; cryptography's MultiFernet.
"""

import json
import uuid

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from apps.common.errors import Conflict


def _keys() -> MultiFernet:
    """Raises: Conflict where the operator gave no key; then nothing is stored rather than stored open."""
    if not settings.SECOPS_CREDENTIAL_KEYS:
        raise Conflict(
            "Secrets cannot be kept here yet: the operator has to set SECOPS_CREDENTIAL_KEYS."
        )
    return MultiFernet([Fernet(key) for key in settings.SECOPS_CREDENTIAL_KEYS])


def seal(uid: uuid.UUID, text: str) -> bytes:
    """Seal a secret for one row: put into another one, it does not open."""
    return _keys().encrypt(json.dumps({"for": str(uid), "secret": text}).encode())


def unseal(uid: uuid.UUID, sealed: bytes) -> str:
    """Raises: Conflict when no key opens it, or it was sealed for another row."""
    try:
        found = json.loads(_keys().decrypt(sealed))
    except InvalidToken:
        raise Conflict(
            "No key of SECOPS_CREDENTIAL_KEYS opens this credential; give it its secret again."
        ) from None
    if found["for"] != str(uid):
        raise Conflict("This secret was sealed for another credential; give it again.")
    return str(found["secret"])


def reseal(sealed: bytes) -> bytes:
    """The same secret under the newest key. Raises: cryptography's InvalidToken."""
    return _keys().rotate(sealed)

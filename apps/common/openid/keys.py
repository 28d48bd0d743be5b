"""The public keys of an issuer, as its discovery document names them; kept for an hour."""

import logging
from collections.abc import Mapping
from typing import Any

import jwt
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from apps.common.kept import keep, kept
from apps.common.openid.discovery import KEPT, IssuerUnreachable, discover, read_object
from apps.common.outgoing import OutgoingFailed

logger = logging.getLogger(__name__)

ASKED_AGAIN_AFTER = 60  # seconds; an unknown key asks anew at most that often
# RFC 7518 section 3.1: signatures with a public key. SECURITY: a shared secret (HS256) or none at all
# would let whoever knows the public key sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA")


class WeakKey(ValueError):
    """A key with fewer bits than SECOPS_ISSUER_RSA_BITS; the message says how many."""


def signing_key(issuer: str, kid: str, algorithm: str) -> jwt.PyJWK | None:
    """The key of that number for one of ALGORITHMS, None where the issuer has none such.

    A number that is not known asks the issuer again, since keys are rotated. Raises: IssuerUnreachable, WeakKey.
    """
    found = _of(kept(_name(issuer)), kid, algorithm)
    if found is None and _may_ask(issuer):
        keys = read_keys(discover(issuer, anew=True))
        keep(_name(issuer), keys, KEPT)
        found = _of(keys, kid, algorithm)
    return found


def read_keys(document: Mapping[str, Any]) -> list[Any]:
    """JWK Set, RFC 7517 section 5. Raises: IssuerUnreachable."""
    try:
        keys = read_object(str(document.get("jwks_uri", ""))).get("keys")
    except OutgoingFailed as error:
        issuer = document.get("issuer")
        logger.warning("the keys of %s cannot be read: %s", issuer, error)
        raise IssuerUnreachable(
            f"The keys of {issuer} cannot be read now. Try again in a minute."
        ) from error
    return keys if isinstance(keys, list) else []


def _of(keys: Any, kid: str, algorithm: str) -> jwt.PyJWK | None:
    """SECURITY: a key that says what it is for is for nothing else (RFC 7517 sections 4.2 and 4.4)."""
    for each in keys or ():
        if not isinstance(each, Mapping) or each.get("kid") != kid:
            continue
        if each.get("use", "sig") == "sig" and each.get("alg", algorithm) == algorithm:
            try:
                return _strong(jwt.PyJWK(dict(each), algorithm=algorithm))
            except jwt.PyJWTError:
                return None
    return None


def is_usable(published: Any) -> bool:
    """Whether signing_key could give this key of a JWK Set."""
    if not isinstance(published, Mapping) or not published.get("kid"):
        return False
    try:
        return _strong(jwt.PyJWK(dict(published))).algorithm_name in ALGORITHMS
    except (jwt.PyJWTError, WeakKey):
        return False


def _strong(key: jwt.PyJWK) -> jwt.PyJWK:
    """SECURITY: a modulus that can be factored signs for everybody; PyJWT only warns of short ones."""
    bits, least = getattr(key.key, "key_size", 0), settings.SECOPS_ISSUER_RSA_BITS
    if key.key_type == "RSA" and bits < least:
        raise WeakKey(f"its RSA key has {bits} bits, and {least} are the least here")
    return key


def _may_ask(issuer: str) -> bool:
    """Once a minute for each issuer, and always where nothing is kept or the cache is away."""
    if kept(_name(issuer)) is None:
        return True
    try:
        return cache.add(f"{_name(issuer)}:asked", 1, ASKED_AGAIN_AFTER)
    except RedisError:
        return True


def _name(issuer: str) -> str:
    return f"openid:keys:{issuer}"

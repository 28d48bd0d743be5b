"""The public keys of an issuer, as its discovery document names them; kept for an hour."""

import logging
from collections.abc import Mapping
from typing import Any

import jwt
from django.core.cache import cache
from redis.exceptions import RedisError

from apps.common.errors import Unavailable
from apps.common.kept import keep, kept
from apps.common.outgoing import Client, Limits, OutgoingFailed

logger = logging.getLogger(__name__)

KEPT = 3600  # seconds
ASKED_AGAIN_AFTER = 60  # seconds; an unknown key asks anew at most that often
LIMITS = Limits(connect=5.0, idle=5.0, total=15.0, max_bytes=1024 * 1024)
# RFC 7518 section 3.1: signatures with a public key. SECURITY: a shared secret (HS256) or none at all
# would let whoever knows the public key sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA")


class IssuerUnreachable(Unavailable):
    """The issuer's keys cannot be read now; nothing can be said of the proof."""

    code = "issuer-unreachable"


def signing_key(issuer: str, kid: str) -> jwt.PyJWK | None:
    """The key of that number, None where the issuer has none such. Raises: IssuerUnreachable.

    A number that is not known asks the issuer again, since keys are rotated.
    """
    found = _of(kept(_name(issuer)), kid)
    if found is None and _may_ask(issuer):
        keys = _fetch(issuer)
        keep(_name(issuer), keys, KEPT)
        found = _of(keys, kid)
    return found


def _of(keys: Any, kid: str) -> jwt.PyJWK | None:
    for each in keys or ():
        if isinstance(each, Mapping) and each.get("kid") == kid and each.get("use", "sig") == "sig":
            try:
                return jwt.PyJWK(dict(each))
            except jwt.PyJWTError:
                return None
    return None


def _fetch(issuer: str) -> list[Any]:
    """OpenID Connect Discovery 1.0, section 4; JWK Set, RFC 7517 section 5."""
    try:
        document = _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise IssuerUnreachable(f"{issuer} says that it is somebody else.")
        return list(_json(str(document.get("jwks_uri", ""))).get("keys", []))
    except OutgoingFailed as error:
        logger.warning("the keys of %s cannot be read: %s", issuer, error)
        raise IssuerUnreachable(
            f"The keys of {issuer} cannot be read now. Try again in a minute."
        ) from error


def _json(url: str) -> dict[str, Any]:
    with Client(limits=LIMITS).send("GET", url, headers={"Accept": "application/json"}) as answer:
        if answer.status != 200:  # HTTP's own number
            raise IssuerUnreachable(f"{url} answered {answer.status}.")
        found = answer.json()
    if not isinstance(found, dict):
        raise IssuerUnreachable(f"{url} answered with something else than an object.")
    return found


def _may_ask(issuer: str) -> bool:
    """Once a minute for each issuer, and always where nothing is kept or the cache is away."""
    if kept(_name(issuer)) is None:
        return True
    try:
        return cache.add(f"{_name(issuer)}:asked", 1, ASKED_AGAIN_AFTER)
    except RedisError:
        return True


def _name(issuer: str) -> str:
    return f"trust:keys:{issuer}"

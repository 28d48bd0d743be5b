"""What an OpenID issuer says of itself, kept for an hour (OpenID Connect Discovery 1.0, section 4)."""

import logging
from typing import Any

from apps.common.errors import Unavailable
from apps.common.kept import keep, kept
from apps.common.outgoing import Client, Limits, OutgoingFailed

logger = logging.getLogger(__name__)

KEPT = 3600  # seconds
LIMITS = Limits(connect=5.0, idle=5.0, total=15.0, max_bytes=1024 * 1024)


class IssuerUnreachable(Unavailable):
    """What the issuer publishes cannot be read now; nothing can be said of what it signed."""

    code = "issuer-unreachable"


def discover(issuer: str, *, anew: bool = False) -> dict[str, Any]:
    """The issuer's document. anew: not the one that is kept. Raises: IssuerUnreachable.

    SECURITY: strangers may cause this, so the sentence tells nothing of our network; the log does.
    """
    found = None if anew else kept(_name(issuer))
    if not isinstance(found, dict):
        try:
            found = read_document(issuer)
        except OutgoingFailed as error:
            logger.warning("the issuer %s cannot be read: %s", issuer, error)
            raise IssuerUnreachable(
                f"The keys of {issuer} cannot be read now. Try again in a minute."
            ) from error
    return found


def read_document(issuer: str) -> dict[str, Any]:
    """The document as it is now; it is kept from then on. Raises: OutgoingFailed (why, in words), IssuerUnreachable.

    SECURITY: an issuer that calls itself by another name is another one (section 4.3).
    """
    document = read_object(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise IssuerUnreachable(
            f"{issuer} says that it is somebody else: {str(document.get('issuer'))[:300]}."
        )
    keep(_name(issuer), document, KEPT)
    return document


def _name(issuer: str) -> str:
    return f"openid:document:{issuer}"


def read_object(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Raises: OutgoingFailed, IssuerUnreachable for an answer that is no JSON object."""
    asked = {"Accept": "application/json", **(headers or {})}
    with Client(limits=LIMITS).send("GET", url, headers=asked) as answer:
        if answer.status != 200:  # HTTP's own number
            raise IssuerUnreachable(f"{url} answered {answer.status}.")
        found = answer.json()
    if not isinstance(found, dict):
        raise IssuerUnreachable(f"{url} answered with something else than an object.")
    return found

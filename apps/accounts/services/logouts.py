"""Signing out that begins at the provider, and going on there after signing out here.

Sources: OpenID Connect Back-Channel Logout 1.0 sections 2.4 to 2.8; OpenID Connect RP-Initiated Logout 1.0 section 2.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import jwt
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.models import LogoutNotice, PersonSession, SignInProvider
from apps.accounts.services.openid import (
    LEEWAY,
    OLDEST,
    endpoint_of,
    refused,
    signed_claims,
    with_query,
)
from apps.accounts.services.sessions import sessions_end_by_portal
from apps.audit.services import record
from apps.common.openid import discover

PORTAL = portal_actor("sign-in")
EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"  # section 2.4
_PLAIN = {"jwt", ""}  # what some providers write instead
_NEEDED = ("iss", "aud", "iat", "exp", "jti", "events")


def logout_take(provider: SignInProvider, text: str) -> int:
    """End what the provider says is over. Returns how many sessions.

    The provider may be asked for its keys first: no transaction waits for it.
    Raises: SignInRefused for a token that is not good or was taken before, IssuerUnreachable.
    """
    claims = signed_claims(provider, text, needed=_NEEDED, what="logout token")
    _check_purpose(provider, text, claims)
    subject, sid = _name(provider, claims, "sub"), _name(provider, claims, "sid")
    if not subject and not sid:
        raise refused(
            provider, "Its logout token names neither a person (sub) nor a session (sid)."
        )
    return _end_named(provider, _name(provider, claims, "jti"), subject, sid)


@transaction.atomic
def _end_named(provider: SignInProvider, jti: str, subject: str, sid: str) -> int:
    _take_once(provider, jti)
    rows = PersonSession.objects.filter(identity__provider=provider)
    if subject:
        rows = rows.filter(identity__subject=subject)
    if sid and subject:  # of a session whose name was not told it may be this one
        rows = rows.filter(Q(provider_sid=sid) | Q(provider_sid=""))
    elif sid:
        rows = rows.filter(provider_sid=sid)
    ended = sessions_end_by_portal(rows)
    record(
        actor=PORTAL, action="session.end_by_provider", target=provider, changes={"sessions": ended}
    )
    return ended


def _check_purpose(provider: SignInProvider, text: str, claims: Mapping[str, Any]) -> None:
    """SECURITY: an ID token, which many hold, must sign nobody out (section 2.6, steps 5 and 6; RFC 8725
    section 3.11)."""
    kind = str(jwt.get_unverified_header(text).get("typ") or "").lower()
    kind = kind.removeprefix("application/")
    if kind != TYPE and not (provider.takes_plain_logouts and kind in _PLAIN):
        raise refused(provider, f"Its logout token is of the type {kind[:40]!r}, not {TYPE} (typ).")
    events = claims["events"]
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise refused(provider, "Its logout token is for another event (events).")
    if "nonce" in claims:
        raise refused(provider, "Its logout token has a nonce, as only ID tokens have.")


def _name(provider: SignInProvider, claims: Mapping[str, Any], claim: str) -> str:
    found = claims.get(claim, "")
    if not (isinstance(found, str) and len(found) <= 255 and (found.isprintable() or not found)):
        raise refused(provider, f"Its logout token has a {claim} that is none.")
    return found


def _take_once(provider: SignInProvider, jti: str) -> None:
    """SECURITY: whoever saw a token go by does not sign that person out again and again."""
    last = dt.timedelta(seconds=OLDEST + 2 * LEEWAY)
    try:
        with transaction.atomic():
            LogoutNotice.objects.create(
                provider=provider, jti=jti, expires_at=timezone.now() + last
            )
    except IntegrityError as error:
        raise refused(provider, "Its logout token was taken before (jti).") from error


def logout_notices_forget_ended() -> int:
    """Returns how many; for the sweeper."""
    return LogoutNotice.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def logout_address(provider: SignInProvider, *, back: str) -> str:
    """Where the browser goes to sign out there, too. back: where it is sent afterwards.

    Without a hint of who it is, since ID tokens are not kept: the provider asks the person. Raises: IssuerUnreachable
    also where it has no such page.
    """
    door = endpoint_of(discover(provider.issuer), "end_session_endpoint")
    asked = {"client_id": provider.client_id, "post_logout_redirect_uri": back}
    return with_query(door, asked)

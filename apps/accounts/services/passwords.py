"""A changed password, on record; and links by which people set one that nobody else has seen."""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import PasswordLink, User
from apps.accounts.policy import may, require
from apps.accounts.reach import is_above, is_in_reach, require_reach
from apps.accounts.roles import Permission
from apps.accounts.services.sessions import sessions_end_by_portal
from apps.audit.services import record
from apps.common.errors import Missing, NotPermitted

GOOD_FOR = dt.timedelta(days=3)
PORTAL = portal_actor("password-link")
_REPLACED = {"password": ["", "replaced"]}  # what the trail may say of it


@dataclass(frozen=True)
class NewLink:
    """text: what opens, told once."""

    user: User
    text: str
    expires_at: dt.datetime

    @property
    def address(self) -> str:
        """Where it leads, whole: it is handed over outside of the portal."""
        return f"{settings.BASE_URL}{reverse('password-link')}?{urlencode({'link': self.text})}"


@transaction.atomic
def password_changed(*, actor: Actor) -> None:
    if actor.user is None:
        raise NotPermitted("People change their own password.")
    actor.user.password_links.all().delete()
    record(actor=actor, action="password.change", target=actor.user, changes=_REPLACED)


@transaction.atomic
def password_link_make(*, actor: Actor, user: User) -> NewLink:
    """For administrators. It takes the place of an earlier one. Raises: NotPermitted.

    SECURITY: whoever holds the link becomes that person where no second factor is asked for, so only
    superusers make one for admins and staff.
    """
    require(actor, Permission.PEOPLE_MANAGE)
    require_reach(actor, user)
    text, ends = secrets.token_urlsafe(32), timezone.now() + GOOD_FOR
    user.password_links.all().delete()
    PasswordLink.objects.create(
        user=user, digest=_digest(text), made_by=actor.user, expires_at=ends
    )
    record(actor=actor, action="password.link", target=user, changes={"good_until": [None, ends]})
    return NewLink(user, text, ends)


def password_link_person(text: str) -> User:
    """Whose a link is. Raises: Missing for one that is used, over, or of somebody who is switched off."""
    return _link(text).user


@transaction.atomic
def password_link_use(*, text: str, password: str) -> User:
    """Set a password that was checked. It signs out wherever that person was signed in. Raises: Missing."""
    link = _link(text, locked=True)
    user = link.user
    user.set_password(password)
    user.save(update_fields=["password"])
    user.password_links.all().delete()
    sessions_end_by_portal(user.sessions.all())
    record(actor=PORTAL, action="password.set", target=user, changes=_REPLACED)
    return user


def password_links_forget_ended() -> int:
    """Returns how many; for the sweeper."""
    return PasswordLink.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _link(text: str, *, locked: bool = False) -> PasswordLink:
    rows = PasswordLink.objects.select_related("user", "made_by")
    if locked:
        rows = rows.select_for_update(of=("self",))
    link = rows.filter(
        digest=_digest(text), expires_at__gt=timezone.now(), user__is_active=True
    ).first()
    if link is None or not _holds(link):
        raise Missing("This link opens nothing any more.")
    return link


def _holds(link: PasswordLink) -> bool:
    """SECURITY: whether its maker could make it today. Who left, or lost that right, may have kept the links of others;
    and who has become staff or admin since is no longer one for whom any administrator makes links."""
    if link.made_by is None:
        return not is_above(link.user)
    maker = Actor(user=link.made_by)
    return may(maker, Permission.PEOPLE_MANAGE) and is_in_reach(maker, link.user)


def _digest(text: str) -> bytes:
    key = settings.SECOPS_SECRET_SALT.encode()
    return hmac.new(
        key, b"password link " + text.encode("utf-8", "replace"), hashlib.sha256
    ).digest()

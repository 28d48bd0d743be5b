"""Making, using and revoking API tokens."""

import datetime as dt
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts import secrets
from apps.accounts.actors import Actor
from apps.accounts.models import ApiToken
from apps.accounts.policy import Scoped, require
from apps.accounts.roles import Permission, Scope
from apps.audit.rows import made
from apps.audit.services import record
from apps.common.errors import Invalid, NotPermitted

MAX_DAYS = 90
USE_IS_NOTED_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class MadeToken:
    token: ApiToken
    text: str  # to show once


@transaction.atomic
def token_create_for_system(
    *, actor: Actor, system: Scoped, system_id: int, name: str, days: int = MAX_DAYS
) -> MadeToken:
    """A pipeline's token: it may upload reports of this system and read their status, nothing else."""
    require(actor, Permission.TOKEN_MANAGE, system)
    new = _make(name, days, scope=Scope.REPORT_UPLOAD, system_id=system_id, created_by=actor.user)
    _told(actor, new.token)
    return new


@transaction.atomic
def token_create_for_job(
    *, actor: Actor, system_id: int, name: str, lifetime: dt.timedelta, stages: Sequence[str]
) -> MadeToken:
    """A pipeline's token for one job, by the portal's own hand once it trusts the job."""
    if not actor.portal:
        raise NotPermitted("Only the portal itself makes tokens for jobs.")
    new = _create(
        name,
        lifetime,
        scope=Scope.REPORT_UPLOAD,
        system_id=system_id,
        stages=list(stages),
        is_for_job=True,
    )
    _told(actor, new.token)
    return new


def job_tokens_forget() -> int:
    """Jobs' tokens that ended a day ago: there is one for each job, and the audit trail names them."""
    ended = timezone.now() - dt.timedelta(days=1)
    count, _ = ApiToken.objects.filter(is_for_job=True, expires_at__lt=ended).delete()
    return count


@transaction.atomic
def token_create_for_self(
    *, actor: Actor, name: str, scope: Scope = Scope.READ, days: int = 30
) -> MadeToken:
    """A person's own token: never more than the person may do. Tokens do not make tokens."""
    if actor.user is None or actor.token is not None:
        raise NotPermitted("Sign in to make a token of your own.")
    if scope == Scope.REPORT_UPLOAD:
        raise Invalid({"scope": "Choose read or write."})
    if scope == Scope.PEOPLE:
        require(actor, Permission.PEOPLE_MANAGE)
    new = _make(name, days, scope=scope, user=actor.user, created_by=actor.user)
    _told(actor, new.token)
    return new


@transaction.atomic
def token_revoke(*, actor: Actor, token: ApiToken) -> None:
    """Revoke at once; one's own, or a system's by those who manage its tokens. Tokens revoke only themselves."""
    if actor.token is not None and actor.token.pk != token.pk:
        raise NotPermitted("Sign in to revoke another token.")
    if token.user_id is None or token.user_id != actor.user_id:
        require(actor, Permission.TOKEN_MANAGE, token.system)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record(
            actor=actor,
            action="token.revoke",
            target=token,
            system_id=token.system_id,
            changes={"revoked_at": [None, token.revoked_at]},
        )


def token_authenticate(text: str) -> ApiToken | None:
    """The token of a bearer text, if it is known, neither expired nor revoked, and its owner is active."""
    key = secrets.key_of(text)
    if key is None:
        return None
    token = ApiToken.objects.select_related("user", "system").filter(key=key).first()
    if token is None or not _matches(token, text):
        return None
    now = timezone.now()
    usable = token.revoked_at is None and token.expires_at > now
    if not usable or (token.user is not None and not token.user.is_active):
        return None
    ApiToken.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY), pk=token.pk
    ).update(last_used_at=now)
    return token


def _matches(token: ApiToken, text: str) -> bool:
    """Compare under the current key and the ones it replaced, each in constant time."""
    peppers = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    stored = bytes(token.digest)
    return any(hmac.compare_digest(stored, secrets.digest(text, pepper)) for pepper in peppers)


def _told(actor: Actor, token: ApiToken) -> None:
    record(
        actor=actor,
        action="token.create",
        target=token,
        system_id=token.system_id,
        changes=made(token),
    )


def _make(name: str, days: int, **fields: object) -> MadeToken:
    if not 1 <= days <= MAX_DAYS:
        raise Invalid({"days": f"A token lives 1 to {MAX_DAYS} days."})
    if not name.strip():
        raise Invalid({"name": "Name the token, so that its use can be recognised."})
    return _create(name, dt.timedelta(days=days), **fields)


def _create(name: str, lifetime: dt.timedelta, **fields: object) -> MadeToken:
    new = secrets.new_token()
    token = ApiToken.objects.create(
        key=new.key,
        digest=secrets.digest(new.text, settings.SECRET_KEY),
        name=name.strip()[:120],
        expires_at=timezone.now() + lifetime,
        **fields,
    )
    return MadeToken(token, new.text)

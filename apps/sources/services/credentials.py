"""Credentials: sealed when they are written, opened only for a run, never shown."""

import logging

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import gone
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import sealing
from apps.common.editing import lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.common.outgoing import OutgoingFailed, origin_of
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make
from apps.sources.models import Credential, CredentialKind
from apps.sources.secret import Secret

logger = logging.getLogger(__name__)

MAX_SECRET = 8000
_USERNAME = {
    CredentialKind.BASIC: "Give the user name.",
    CredentialKind.HEADER: "Give the name of the header, such as PRIVATE-TOKEN.",
    CredentialKind.KEYS: "Give the access key.",
}
_HEADER_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
# Headers that say how a request is sent are no place for a secret.
_HEADERS_OF_HTTP = frozenset({"host", "content-length", "connection", "transfer-encoding", "range"})


def credential_create(
    *, actor: Actor, system: System, name: str, kind: str, url: str, secret: str, username: str = ""
) -> Credential:
    """Keep a secret for one origin: that of `url`.

    Raises: NotPermitted, Missing, Invalid, Conflict (no key to seal with).
    """
    require(actor, Permission.SOURCE_MANAGE, system)
    name, username = name.strip(), username.strip()
    origin = _check(name=name, kind=kind, url=url, secret=secret, username=username)
    row = Credential(
        system=system,
        name=name,
        kind=kind,
        origin=origin,
        username=username,
        made_by=actor.user,
    )
    row.sealed = sealing.seal(row.uid, secret)
    try:
        with transaction.atomic():
            row.save()
            record(
                actor=actor,
                action="credential.create",
                target=row,
                system_id=system.pk,
                changes={"kind": kind, "origin": origin},
            )
    except IntegrityError:
        raise Invalid({"name": "This system has a credential of this name already."}) from None
    return row


@transaction.atomic
def credential_replace(
    *, actor: Actor, credential: Credential, version: int | None, secret: str
) -> Credential:
    """Put a new secret in the place of the old one; kind and origin stay."""
    require(actor, Permission.SOURCE_MANAGE, credential)
    if problem := _secret_problem(secret):
        raise Invalid({"secret": problem})
    row = lock_for_edit(Credential, credential.pk, version)
    row.sealed = sealing.seal(row.uid, secret)
    row.secret_changed_at = timezone.now()
    row.save()
    record(
        actor=actor,
        action="credential.replace",
        target=row,
        system_id=row.system_id,
        changes={"secret": ["", "replaced"]},
    )
    return row


@transaction.atomic
def credential_delete(*, actor: Actor, credential: Credential) -> Removal:
    """It can be put back, sealed as it was. Raises: Conflict while a source uses it."""
    require(actor, Permission.SOURCE_MANAGE, credential)
    if names := list(credential.sources.values_list("name", flat=True)[:5]):
        raise Conflict(f"It is used by {', '.join(names)}; give these another one first.")
    record(
        actor=actor,
        action="credential.delete",
        target=credential,
        system_id=credential.system_id,
        changes=gone(credential),
    )
    return removal_make(
        actor=actor, kind=CREDENTIAL.name, row=credential, system_id=credential.system_id
    )


def secret_of(credential: Credential | None) -> Secret | None:
    """The secret, to be used and forgotten. Raises: Conflict when no key opens it."""
    if credential is None:
        return None
    return Secret(
        credential.kind,
        credential.origin,
        credential.username,
        sealing.unseal(credential.uid, bytes(credential.sealed)),
    )


def credentials_rotate(*, actor: Actor) -> tuple[int, int]:
    """Seal all anew under the newest key. Returns how many were, and how many no key opens."""
    done = lost = 0
    for pk in Credential.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Credential.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            try:
                row.sealed = sealing.reseal(bytes(row.sealed))
            except InvalidToken:
                logger.warning("no key opens credential %s of system %s", row.pk, row.system_id)
                lost += 1
                continue
            row.save(update_fields=["sealed"])
            record(
                actor=actor,
                action="credential.reseal",
                target=row,
                system_id=row.system_id,
                changes={"secret": ["", "sealed anew"]},
            )
            done += 1
    return done, lost


def _check(*, name: str, kind: str, url: str, secret: str, username: str) -> str:
    problems: dict[str, str] = {}
    if not name or len(name) > 120 or not name.isprintable():
        problems["name"] = "Give a name of at most 120 characters."
    if kind not in CredentialKind.values:
        problems["kind"] = f"Choose one of {', '.join(CredentialKind.values)}."
    elif problem := _username_problem(kind, username):
        problems["username"] = problem
    if problem := _secret_problem(secret):
        problems["secret"] = problem
    origin = ""
    try:
        origin = origin_of(url.strip())
    except OutgoingFailed as error:
        problems["url"] = error.message
    if len(origin) > 300:
        problems["url"] = "At most 300 characters."
    if problems:
        raise Invalid(problems)
    return origin


def _username_problem(kind: str, username: str) -> str:
    if len(username) > 200 or not username.isprintable():
        return "At most 200 printable characters."
    if kind in _USERNAME and not username:
        return _USERNAME[CredentialKind(kind)]
    if kind == CredentialKind.BASIC and ":" in username:
        return "A user name holds no colon (RFC 7617)."
    if kind == CredentialKind.HEADER:
        if not set(username) <= _HEADER_CHARACTERS:
            return "A header's name has letters, digits and dashes only."
        if username.lower() in _HEADERS_OF_HTTP:
            return "This header cannot hold a secret."
    return ""


def _secret_problem(secret: str) -> str:
    if not secret:
        return "Give the secret."
    if len(secret) > MAX_SECRET:
        return f"At most {MAX_SECRET} characters."
    if not (secret.isascii() and secret.isprintable()):
        return "Only printable ASCII characters, in one line: it has to fit into a header."
    return ""


CREDENTIAL = Kind(
    name="credential",
    label=_("Credential"),
    icon="key-round",
    permission=Permission.SOURCE_MANAGE,
    taken="The system has another credential of that name by now; take that away first.",
    page=lambda credential: reverse("credential-detail", args=[credential.pk]),
    note=_("Its secret comes back sealed; nobody is shown it."),
)

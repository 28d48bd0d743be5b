"""A changed password, on record."""

from django.db import transaction

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.common.errors import NotPermitted


@transaction.atomic
def password_changed(*, actor: Actor) -> None:
    if actor.user is None:
        raise NotPermitted("People change their own password.")
    record(actor=actor, action="password.change", target=actor.user)

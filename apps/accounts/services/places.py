"""Choosing how one reads."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.accounts.places import zones
from apps.audit.services import record
from apps.common.errors import Invalid, NotPermitted


@transaction.atomic
def place_set(*, actor: Actor, language: str, time_zone: str) -> User:
    """A person's own language and time zone; empty: as the browser says. Raises: Invalid, NotPermitted."""
    if actor.user is None or actor.token is not None:
        raise NotPermitted(_("People choose their own language, when they are signed in."))
    problems = {}
    if language and language not in dict(settings.LANGUAGES):
        problems["language"] = _("The portal does not speak this language.")
    if time_zone and time_zone not in zones():
        problems["time_zone"] = _("There is no such time zone.")
    if problems:
        raise Invalid(problems)
    user = actor.user
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["language", "time_zone"])
    changes = {"language": language, "time_zone": time_zone}
    record(actor=actor, action="person.place", target=user, changes=changes)
    return user

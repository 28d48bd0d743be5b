"""Which columns of the list of findings a person wants."""

from collections.abc import Iterable

from django.db import transaction

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.common.errors import NotPermitted
from apps.scans.columns import STANDARD, known
from apps.scans.models import FindingColumns


@transaction.atomic
def columns_choose(*, actor: Actor, names: Iterable[str]) -> tuple[str, ...]:
    """Keep the person's choice; none, or the standard ones, is no choice. Raises: NotPermitted."""
    if actor.user is None:
        raise NotPermitted("Only a person chooses columns.")
    chosen = known(names) or STANDARD
    own = FindingColumns.objects.filter(user=actor.user)
    before = list(own.values_list("names", flat=True))
    if chosen == STANDARD:
        own.delete()
    else:
        FindingColumns.objects.update_or_create(user=actor.user, defaults={"names": list(chosen)})
    changes = {"columns": [before[0] if before else list(STANDARD), list(chosen)]}
    record(actor=actor, action="columns.choose", target=actor.user, changes=changes)
    return chosen

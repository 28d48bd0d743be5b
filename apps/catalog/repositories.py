"""Which systems a repository is of: by the addresses that they list, else by their key.

Uploads whose token is of no single system find theirs so. SECURITY: whoever could list any repository at a system of
their own would divert its reports from the system that they belong to, so another's is claimed by who manages both.
"""

import re
from collections.abc import Iterable

from django.db import connection
from django.db.models import F, Func, QuerySet, TextField, Value

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.common.errors import Invalid
from apps.common.holds import CLAIMS


def tail_of(url: str) -> str:
    """`owner/name` of a repository's URL, in one spelling; the host does not count."""
    parts = re.sub(r"(\.git)?/*$", "", url.casefold()).replace(":", "/").split("/")
    return "/".join(parts[-2:])


def systems_listing(tail: str, among: QuerySet[System]) -> list[System]:
    """Those that list a repository. tail: as `tail_of` gives it."""
    text = Func(F("repositories"), Value(" "), function="array_to_string", output_field=TextField())
    rows = among.annotate(urls=text).filter(urls__icontains=tail)
    return [row for row in rows if tail in map(tail_of, row.repositories)]


def systems_of(tail: str, among: QuerySet[System]) -> list[System]:
    """Those that list a repository, else the one whose key is its name."""
    listed = systems_listing(tail, among)
    return listed or list(among.filter(key__iexact=tail.rpartition("/")[2]))


def refuse_claims(actor: Actor, system: System, urls: Iterable[str]) -> None:
    """Refuse repositories, new to a system, that are another's whom the actor does not manage.

    Several systems share one where somebody manages all of them. The first to come has it until then; who comes at
    the same moment waits. Raises: Invalid, without the other's name, which the actor may not know.
    """
    had = {tail_of(url) for url in system.repositories}
    claimed = sorted({tail_of(url) for url in urls} - had)
    if not claimed:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMS])
    others = System.objects.exclude(pk=system.pk)
    for tail in claimed:
        if not all(may(actor, Permission.SYSTEM_MANAGE, row) for row in systems_of(tail, others)):
            raise Invalid(
                {
                    "repositories": f"Another system has the repository {tail} already. "
                    "Somebody who manages both adds it, or an admin of the organisation."
                }
            )

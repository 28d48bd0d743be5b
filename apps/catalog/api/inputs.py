"""Systems that a body names by their key."""

from typing import Any

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.catalog.selectors import system_get
from apps.common.errors import Invalid, Missing


def system_named(actor: Actor, key: str) -> System:
    """The system of the body's field `system`. Raises: Invalid, also for one that is out of sight."""
    try:
        return system_get(actor, key)
    except Missing as error:
        raise Invalid({"system": error.message}) from error


def with_system(actor: Actor, said: dict[str, Any]) -> dict[str, Any]:
    """A body whose `system` may be left out or null, with the system for its key. Raises: Invalid."""
    if said.get("system") is None:
        return said
    return said | {"system": system_named(actor, said["system"])}

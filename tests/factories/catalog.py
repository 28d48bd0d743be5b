from typing import Any

from apps.accounts.actors import portal_actor
from apps.catalog.models import System
from apps.catalog.services import system_create
from tests.factories.numbers import next_number


def make_system(key: str = "", name: str = "", **fields: Any) -> System:
    number = next_number()
    return system_create(
        actor=portal_actor("tests"),
        key=key or f"system-{number}",
        name=name or f"System {number}",
        **fields,
    )

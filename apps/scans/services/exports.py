"""That somebody takes findings away as a file is written down."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.common.errors import NotPermitted


def findings_export_note(*, actor: Actor, kind: str, asked: Mapping[str, Any]) -> None:
    """Write down who exports what. Raises: NotPermitted for whoever is no person."""
    if actor.user is None:
        raise NotPermitted("Findings are exported by people, with a token of their own.")
    record(
        actor=actor,
        action="findings.export",
        target=actor.user,
        changes={"format": kind, "filter": dict(asked)},
    )

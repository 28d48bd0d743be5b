"""What the outbox tells this app."""

from typing import Any

from apps.accounts.actors import portal_actor
from apps.controls.services.controls import credits_refresh


def on_statement_restored(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    """Controls that changed while a risk had ended gave it no credit; now they do."""
    credits_refresh(actor=portal_actor("controls"), statement_id=payload["statement_id"])

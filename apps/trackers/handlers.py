"""What the outbox tells this app. Idempotent, as every handler."""

from typing import Any

from django.db import transaction

from apps.trackers.dispatch import fetch_title


def on_item_referenced(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001  # handlers' signature
    """In a task of its own: a tracker that is slow holds up no event."""
    transaction.on_commit(lambda: fetch_title(payload["item_id"]))

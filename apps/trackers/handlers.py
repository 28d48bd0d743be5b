"""What the outbox tells this app. Idempotent, as every handler."""

from typing import Any

from django.db import transaction

from apps.trackers.dispatch import fetch_title
from apps.trackers.models import Told
from apps.trackers.services.telling import decision_tell


def on_item_referenced(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001  # handlers' signature
    """In a task of its own: a tracker that is slow holds up no event."""
    transaction.on_commit(lambda: fetch_title(payload["item_id"]))


def on_decision_recorded(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    decision_tell(decision_id=payload["decision_id"], what=Told.RECORDED)


def on_decision_undone(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    decision_tell(decision_id=payload["decision_id"], what=Told.UNDONE)


def on_decision_expired(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    decision_tell(decision_id=payload["decision_id"], what=Told.EXPIRED)

"""The only writer of audit rows; called by every service inside its transaction."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from apps.audit.models import AuditEntry
from apps.common.middleware import address_var, request_id_var
from apps.common.types import ActorLike


def record(
    *,
    actor: ActorLike,
    action: str,
    target: models.Model,
    system_id: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Write who did what, and from where; `changes` is {field: [before, after]} or whatever tells it best."""
    AuditEntry.objects.create(
        actor_kind=actor.kind,
        actor_label=actor.label[:200],
        user_id=actor.user_id,
        token_id=actor.token_id,
        action=action,
        object_type=target._meta.model_name or "",  # noqa: SLF001  # public in practice
        object_id=str(target.pk),
        object_label=str(target)[:300],
        system_id=system_id,
        changes=dict(changes or {}),
        request_id=request_id_var.get(),
        address=address_var.get(),
    )

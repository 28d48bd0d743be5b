"""That somebody takes the register of risks away is written down."""

from apps.accounts.actors import Actor
from apps.audit.services import record
from apps.common.errors import NotPermitted


def register_export_note(*, actor: Actor) -> None:
    """Raises: NotPermitted for whoever is no person."""
    if actor.user is None:
        raise NotPermitted("The register is exported by people.")
    record(actor=actor, action="register.export", target=actor.user)

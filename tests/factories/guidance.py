from typing import Any

from apps.accounts.actors import portal_actor
from apps.guidance.models import Guidance
from apps.guidance.services import guidance_create, guidance_publish
from tests.factories.numbers import next_number


def make_guidance(*, published: bool = False, **fields: Any) -> Guidance:
    """A draft, or a published piece with one version."""
    fields.setdefault("title", f"Signed upload addresses {next_number()}")
    fields.setdefault("body", "Sign each address for one object, one method and ten minutes.")
    guidance = guidance_create(actor=portal_actor("tests"), **fields)
    if published:
        guidance_publish(actor=portal_actor("tests"), guidance=guidance)
        guidance.refresh_from_db()
    return guidance

from typing import Any

from apps.accounts.actors import portal_actor
from apps.accounts.models import User
from apps.catalog.models import System
from apps.sources.models import Credential, Source
from apps.sources.services.credentials import credential_create
from apps.sources.services.sources import SourceInput, source_create
from tests.factories.catalog import make_system
from tests.factories.numbers import next_number

TESTS = portal_actor("tests")


def make_credential(system: System | None = None, **fields: Any) -> Credential:
    fields.setdefault("name", f"Key {next_number()}")
    fields.setdefault("kind", "bearer")
    fields.setdefault("url", "https://ci.example.org")
    fields.setdefault("secret", "s3cret-of-the-tests")
    return credential_create(actor=TESTS, system=system or make_system(), **fields)


def make_source(
    system: System | None = None,
    *,
    url: str = "https://ci.example.org/report.json",
    owner: User | None = None,
    **fields: Any,
) -> Source:
    """A web address that runs by hand, unless said otherwise."""
    fields.setdefault("name", f"Nightly scan {next_number()}")
    fields.setdefault("connector", "https-url")
    fields.setdefault("config", {"url": url})
    content = SourceInput(**fields)
    source = source_create(actor=TESTS, system=system or make_system(), content=content)
    if owner is not None:
        Source.objects.filter(pk=source.pk).update(made_by=owner)
        source.refresh_from_db()
    return source

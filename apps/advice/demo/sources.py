"""The demo's sources: there to be looked at, paused, since their servers exist in the story only."""

from collections.abc import Sequence

from apps.advice.demo.files import Record
from apps.advice.demo.organisation import Organisation
from apps.sources.models import Source
from apps.sources.services.sources import SourceInput, source_create, source_pause


def sources_load(organisation: Organisation, records: Sequence[Record]) -> list[Source]:
    return [_load(organisation, record) for record in records]


def _load(organisation: Organisation, record: Record) -> Source:
    said = {name: value for name, value in record.items() if name not in {"system", "by"}}
    actor = organisation.actor(record["by"])
    system = organisation.systems[record["system"]]
    source = source_create(actor=actor, system=system, content=SourceInput(**said))
    return source_pause(actor=actor, source=source, is_paused=True)

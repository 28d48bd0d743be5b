"""Where the demo's systems differ from what is expected of them."""

from collections.abc import Sequence

from apps.advice.demo.files import Record
from apps.advice.demo.organisation import Organisation
from apps.coverage.services.profiles import exception_set


def coverage_load(organisation: Organisation, records: Sequence[Record]) -> None:
    for record in records:
        exception_set(
            actor=organisation.actor(record["by"]),
            system=organisation.systems[record["system"]],
            stage=record["stage"],
            kind=record["kind"],
            max_age_days=record.get("max_age_days"),
            reason=record["reason"],
        )

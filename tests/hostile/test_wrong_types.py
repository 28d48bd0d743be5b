"""A wrong type at every place of every sample, one place at a time, through the whole ingestion."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import make_system
from tests.hostile.bytes_in import TURNS, take_in
from tests.scans.formats.support import Sample, name_of, samples

# Some places get one of these; SECOPS_HOSTILE_TURNS=12 gives each of them to each place.
WRONG: list[Any] = [None, True, -7, 3.5, 10**400, "", "words", "\0", [], [[]], {}, {"a": [None]}]
Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of a document; of a list, its first two elements stand for all."""
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from places(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value[:2]):
            yield from places(each, (*path, number))


def replaced(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


@pytest.mark.django_db
@pytest.mark.usefixtures("no_worker")
@pytest.mark.parametrize("sample", [each for each in samples() if each.is_json], ids=name_of)
def test_one_wrong_type(sample: Sample) -> None:
    system = make_system()
    document = json.loads(sample.data)
    every = 1 if TURNS > 1 else 5
    for turn in range(TURNS):
        for number, path in list(enumerate(places(document)))[::every]:
            wrong = WRONG[(number * 5 + turn) % len(WRONG)]
            content = json.dumps(replaced(document, path, wrong)).encode()
            take_in(system, content, format=sample.slug)

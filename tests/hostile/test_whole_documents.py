"""Every sample of every format with one kind of poison in all of its values at once."""

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.catalog.models import System
from tests.factories import make_system
from tests.hostile.bytes_in import TURNS, take_in
from tests.scans.formats.support import Sample, name_of, samples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_worker")]
JSON = [sample for sample in samples() if sample.is_json]
XML = [sample for sample in samples() if sample.is_xml]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@pytest.fixture
def system(db: None) -> System:
    return make_system()


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with `change` applied to each scalar in it."""
    if isinstance(value, dict):
        return {name: changed(each, change) for name, each in value.items()}
    if isinstance(value, list):
        return [changed(each, change) for each in value]
    return change(value)


def texts(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: change(value) if isinstance(value, str) else value


def numbers(to: Any) -> Callable[[Any], Any]:
    return lambda value: to if type(value) in {int, float} else value


def dates(to: str) -> Callable[[Any], Any]:
    return texts(lambda text: to if _DATE.match(text) else text)


POISON: dict[str, Callable[[Any], Any]] = {
    "NUL": texts(lambda text: f"{text[:1]}\0{text[1:]}"),
    "half a surrogate pair": texts(lambda text: text + "\ud800"),
    "controls": texts(lambda text: text + "\x1b[2J\x08\x7f\u202e\u2028\ufeff"),
    "markup": texts(lambda text: text + "<script>alert(1)</script>'\"\\{{7*7}}%s"),
    "COPY": texts(lambda text: text + '\\.\n\\N\t{"a",\\"b}'),
    "nothing": texts(lambda _text: ""),
    "spaces": texts(lambda _text: " \n\t "),
    "long": texts(lambda text: text + "x" * 30_000),
    "wide": texts(lambda text: text + "\U0001f600" * 3_000),
    "400 digits": numbers(10**400),
    "minus": numbers(-1),
    "64 bits": numbers(2**63),
    "fraction": numbers(0.1),
    "huge float": numbers(1e308),
    "NaN": numbers(float("nan")),
    "infinity": numbers(float("inf")),
    "year 1": dates("0001-01-01T00:00:00+14:00"),
    "year 9999": dates("9999-12-31T23:59:59.999999-14:00"),
    "no such day": dates("2026-02-31T25:61:61Z"),
    "truth": lambda _value: True,
    "null": lambda _value: None,
}


def some(poison: dict[str, Any], found: list[Sample]) -> list[Any]:
    """Pairs of sample and poison: every poison, every sample, and a few of all pairs.

    SECOPS_HOSTILE_TURNS=12 gives all of them.
    """
    pairs = itertools.product(enumerate(found), enumerate(poison))
    return [
        pytest.param(sample, name, id=f"{name_of(sample)}-{name}")
        for (row, sample), (column, name) in pairs
        if (row + column) % 4 == 0 or TURNS > 1
    ]


@pytest.mark.parametrize(("sample", "poison"), some(POISON, JSON))
def test_json(sample: Sample, poison: str, system: System) -> None:
    document = changed(json.loads(sample.data), POISON[poison])
    content = json.dumps(document).encode("utf-8", "surrogatepass")
    take_in(system, content, format=sample.slug)


def in_text(change: Callable[[str], str]) -> Callable[[str], str]:
    """Change what stands between tags."""
    return lambda xml: re.sub(
        r">([^<>]+)<", lambda found: f">{change(found[1])}<" if found[1].strip() else found[0], xml
    )


def in_attributes(change: Callable[[str], str]) -> Callable[[str], str]:
    """Change what attributes say, except where namespaces and encoding are declared."""
    return lambda xml: re.sub(
        r'(?<![?])\s(?!xmlns|version|encoding)([\w:.-]+)="([^"]*)"',
        lambda found: f' {found[1]}="{change(found[2])}"',
        xml,
    )


XML_POISON: dict[str, Callable[[str], str]] = {
    "NUL as a reference": in_text(lambda text: text + "&#0;"),
    "controls": in_text(lambda text: text + "\u202e\u2028\x85"),
    "long": in_text(lambda text: text + "x" * 30_000),
    "nothing": in_text(lambda _text: ""),
    "words for numbers": in_text(lambda text: "many" if text.strip().isdigit() else text),
    "400 digits": in_text(lambda text: "9" * 400 if text.strip().isdigit() else text),
    "attributes: nothing": in_attributes(lambda _text: ""),
    "attributes: 400 digits": in_attributes(lambda text: "9" * 400 if text.isdigit() else text),
    "attributes: NaN": in_attributes(lambda text: "NaN" if text[:1].isdigit() else text),
    "attributes: long": in_attributes(lambda text: text + "x" * 30_000),
    "attributes: year 1": in_attributes(
        lambda text: "0001-01-01T00:00:00+14:00" if _DATE.match(text) else text
    ),
    "no end": lambda xml: xml[: len(xml) // 2],
    "twice": lambda xml: xml + xml,
}


@pytest.mark.parametrize(("sample", "poison"), some(XML_POISON, XML))
def test_xml(sample: Sample, poison: str, system: System) -> None:
    content = XML_POISON[poison](sample.data.decode()).encode()
    take_in(system, content, format=sample.slug)


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_other_encodings(encoding: str, system: System) -> None:
    """Named, each format says what is wrong or reads it; unnamed, nobody guesses wrongly."""
    for sample in JSON[::4] + XML[::2]:
        content = sample.data.decode().encode(encoding)
        take_in(system, content, format=sample.slug)
        take_in(system, content)


def test_bytes_that_are_no_text(system: System) -> None:
    for sample in (JSON + XML)[:: 1 if TURNS > 1 else 4]:
        middle = len(sample.data) // 2
        for bad in (b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0"):
            take_in(system, sample.data[:middle] + bad + sample.data[middle:], format=sample.slug)


def test_ends_in_the_middle(system: System) -> None:
    for sample in (JSON + XML)[:: 1 if TURNS > 1 else 4]:
        for part in (1, 3, 7):
            content = sample.data[: len(sample.data.rstrip()) * part // 8]
            report = take_in(system, content, format=sample.slug)
            assert report.state == "failed", sample

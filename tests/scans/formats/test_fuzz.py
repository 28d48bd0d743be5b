"""Broken, cut and shuffled reports: a FormatError or a report that keeps every promise, nothing
else."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.scans.formats.types import Format
from tests.scans.formats.support import Sample, attempt, name_of, registry, samples

SAMPLES = samples()
PIECES = [
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\\u0000", b"\\ud800", b"null", b"[]", b"{}", b'"', b"\\", b"<", b">",
    b"&", b"-1", b"1e999", b"9" * 400, b"9" * 5000, b"true", b"[" * 50, b'{"a":' * 50, b"\n", b"\r\n", b",",
    b"\t", b"<!ENTITY a 'b'>", b"]]>", b"<![CDATA[", b"https://x:y@z/", b"javascript:alert(1)", b"=cmd()",
    "\u202e\u0661".encode(),
]  # fmt: skip


def _mutated(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0:
                found[at:at] = rng.choice(PIECES)
            case 1:
                del found[at : at + rng.randint(1, 40)]
            case 2:
                found[at : at + 1] = bytes([rng.randrange(256)])
            case 3:
                end = at + rng.randint(1, 200)
                found[at:at] = found[at:end]
            case _:
                other = rng.randrange(len(found) + 1)
                found[at:at] = found[other : other + rng.randint(1, 60)]
    return bytes(found)


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
def test_mutations_of_a_sample(sample: Sample) -> None:
    rng = random.Random(f"{sample.slug}/{sample.path.name}")  # noqa: S311  # repeatable
    for _ in range(60):
        data = _mutated(sample.data, rng)
        registry().detect(data)
        attempt(sample.format, data)


@pytest.mark.parametrize("fmt", list(registry()), ids=name_of)
def test_samples_of_other_formats(fmt: Format) -> None:
    for sample in SAMPLES:
        if sample.slug != fmt.slug:
            attempt(fmt, sample.data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert registry().detect(data) is not None
    for fmt in registry():
        attempt(fmt, data)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_any_json(value: object) -> None:
    data = json.dumps(value).encode()
    assert registry().detect(data) is not None
    for fmt in registry():
        attempt(fmt, data)

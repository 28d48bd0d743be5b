"""The line of a file that an error is about, for each way in which errors say where they are."""

import pytest

from apps.scans.excerpts import excerpt

LINES = b'{"runs": [\n  {"tool": 1},\n  {"results": [5, "caf\xc3\xa9"]}\n]}\n'


@pytest.mark.parametrize(
    ("location", "line", "column", "text"),
    [
        ("byte 13", 2, 3, '  {"tool": 1},'),
        ("line 3", 3, 1, '  {"results": [5, "café"]}'),
        ("line 3 byte 14", 3, 15, '  {"results": [5, "café"]}'),
        ("/runs/1/results", 3, 15, '  {"results": [5, "café"]}'),
        ("/runs/1/nothing/more", 3, 3, '  {"results": [5, "café"]}'),  # as far as it goes
        ("/runs/0", 2, 3, '  {"tool": 1},'),
        ("byte 999", 4, 3, "]}"),  # at the end
    ],
)
def test_the_line_around_a_place(location: str, line: int, column: int, text: str) -> None:
    found = excerpt(memoryview(LINES), location)
    assert found is not None
    assert (found.line, found.column) == (line, column)
    assert [each.text for each in found.lines if each.is_it] == [text]
    numbers = [each.number for each in found.lines]
    assert numbers == list(range(max(1, line - 2), min(4, line + 2) + 1))


@pytest.mark.parametrize("location", ["", "somewhere", "line 9"])
def test_a_place_that_is_not_there(location: str) -> None:
    assert excerpt(memoryview(LINES), location) is None
    assert excerpt(memoryview(b""), "byte 0") is None


def test_a_line_without_end_is_cut_around_the_place_and_holds_no_credential() -> None:
    key = b"AKIA" + b"IOSFODNN7EXAMPLE"  # the example of AWS's own manual
    data = b"x" * 3_000_000 + b' "key": "' + key + b'", \x00' + b"y" * 3_000_000
    found = excerpt(memoryview(data), "byte 3000004")
    assert found is not None
    (line,) = found.lines
    assert (found.line, found.column) == (1, 3_000_005)
    assert line.text.startswith("…x")
    assert line.text.endswith("y…")
    assert len(line.text) < 300
    assert key.decode() not in line.text
    assert "\x00" not in line.text

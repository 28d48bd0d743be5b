"""The line of a file that an error is about, for each way in which errors say where they are."""

import pytest

from apps.scans.excerpts import Excerpt, excerpt, place

LINES = b'{"runs": [\n  {"tool": 1},\n  {"results": [5, "caf\xc3\xa9"]}\n]}\n'


def shown(data: bytes, location: str) -> Excerpt | None:
    """The excerpt, made of no more of the file than it asks for."""
    where = place(memoryview(data), location)
    if where is None:
        return None
    start, size = where.window
    return excerpt(data[start : start + size], where)


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
    found = shown(LINES, location)
    assert found is not None
    assert (found.line, found.column) == (line, column)
    assert [each.text for each in found.lines if each.is_it] == [text]
    numbers = [each.number for each in found.lines]
    assert numbers == list(range(max(1, line - 2), min(4, line + 2) + 1))


@pytest.mark.parametrize("location", ["", "somewhere", "line 9"])
def test_a_place_that_is_not_there(location: str) -> None:
    assert shown(LINES, location) is None
    assert shown(b"", "byte 0") is None


def test_a_line_without_end_is_cut_around_the_place_and_holds_no_credential() -> None:
    key = b"AKIA" + b"IOSFODNN7EXAMPLE"  # the example of AWS's own manual
    data = b"x" * 3_000_000 + b' "key": "' + key + b'", \x00' + b"y" * 3_000_000
    found = shown(data, "byte 3000004")
    assert found is not None
    (line,) = found.lines
    assert (found.line, found.column) == (1, 3_000_005)
    assert line.text.startswith("…x")
    assert line.text.endswith("y…")
    assert len(line.text) < 300
    assert key.decode() not in line.text
    assert "\x00" not in line.text


def test_lines_around_a_place_deep_in_a_large_file() -> None:
    """The first line above is too long for the window and is left out; numbers count from the file's start."""
    data = b"{}\n" * 1_000_000 + b"y" * 100_000 + b"\nabove\nbroken\n" + b"z" * 100_000 + b"\n"
    found = shown(data, "line 1000003 byte 2")
    assert found is not None
    assert (found.line, found.column) == (1_000_003, 3)
    assert [(line.number, line.text, line.is_it) for line in found.lines] == [
        (1_000_002, "above", False),
        (1_000_003, "broken", True),
        (1_000_004, "z" * 160 + "…", False),
    ]


def test_a_file_that_is_shorter_by_now_has_no_excerpt() -> None:
    where = place(memoryview(LINES), "line 3")
    assert where is not None
    assert excerpt(b"", where) is None

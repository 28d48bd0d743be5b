"""docs/security.md: every requirement of the ASVS once, with a state, and tests that exist."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
# OWASP ASVS 5.0.0, levels 1 and 2: the numbers in each section (the CSV of the release).
SECTIONS = {
    "V1": {1: "1-2", 2: "1-9", 3: "1-11", 4: "1-3", 5: "1-2"},
    "V2": {1: "1-3", 2: "1-3", 3: "1-4", 4: "1-1"},
    "V3": {2: "1-2", 3: "1-4", 4: "1-6", 5: "1-5", 7: "1-2"},
    "V4": {1: "1-3", 2: "1-1", 3: "1-2", 4: "1-4"},
    "V5": {1: "1-1", 2: "1-3", 3: "1-2", 4: "1-3"},
    "V6": {1: "1-3", 2: "1-12", 3: "1-4", 4: "1-4", 5: "1-5", 6: "1-3", 8: "1-4"},
    "V7": {1: "1-3", 2: "1-4", 3: "1-2", 4: "1-5", 5: "1-2", 6: "1-2"},
    "V8": {1: "1-2", 2: "1-3", 3: "1-1", 4: "1-1"},
    "V9": {1: "1-3", 2: "1-4"},
    "V10": {1: "1-2", 2: "1-2", 3: "1-4", 4: "1-11", 5: "1-5", 6: "1-2", 7: "1-3"},
    "V11": {1: "1-2", 2: "1-3", 3: "1-3", 4: "1-4", 5: "1-1", 6: "1-1"},
    "V12": {1: "1-3", 2: "1-2", 3: "1-4"},
    "V13": {1: "1-1", 2: "1-5", 3: "1-2", 4: "1-5"},
    "V14": {1: "1-2", 2: "1-4", 3: "1-3"},
    "V15": {1: "1-3", 2: "1-3", 3: "1-7"},
    "V16": {1: "1-1", 2: "1-5", 3: "1-4", 4: "1-3", 5: "1-3"},
    "V17": {1: "1-1", 2: "1-4", 3: "1-2"},
}


def numbers() -> list[str]:
    found = []
    for chapter, sections in SECTIONS.items():
        for section, span in sections.items():
            first, last = map(int, span.split("-"))
            found += [f"{chapter}.{section}.{number}" for number in range(first, last + 1)]
    return found


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall((TOP / "docs" / "security.md").read_text())


def test_every_requirement_stands_there_once_and_in_order() -> None:
    assert len(numbers()) == 253  # 70 of level 1, 183 of level 2
    assert [row[0] for row in rows()] == numbers()


def test_states_and_tests_are_true() -> None:
    for number, state, how, tests in rows():
        assert state in {"met", "n/a", "operator", "not met"}, number
        assert how.strip(), number
        for path in re.findall(r"`([^`]+)`", tests):
            assert (TOP / path).is_file(), (number, path)


def test_the_gaps_are_told_at_the_top() -> None:
    text = (TOP / "docs" / "security.md").read_text()
    head = text.partition("\n## ")[0]
    gaps = [number for number, state, _how, _tests in rows() if state == "not met"]
    assert re.findall(r"V\d+\.\d+\.\d+", head) == gaps

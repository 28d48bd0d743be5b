"""The shared corpus of real reports, whose findings were counted independently of this code."""

import csv
from pathlib import Path

import pytest

from apps.scans.formats.types import FormatError
from tests.scans.formats.counts import AMBIGUOUS, DIFFERENT_COUNTS, INVENTORIES, REFUSED
from tests.scans.formats.support import check_invariants, read, registry

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


def _rows() -> list[dict[str, str]]:
    if not (CORPUS / "INDEX.csv").exists():
        return []
    with (CORPUS / "INDEX.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if registry().get(row["format"])]


ROWS = _rows()
pytestmark = [pytest.mark.corpus]
if not ROWS:
    pytestmark.append(pytest.mark.skip(reason="the shared corpus of reports is not here"))
each_row = pytest.mark.parametrize("row", ROWS or [{}], ids=lambda row: row.get("path", "absent"))


@each_row
def test_exactly_the_findings_that_were_counted(row: dict[str, str]) -> None:
    fmt = registry().get(row["format"])
    assert fmt is not None
    data = (CORPUS / row["path"]).read_bytes()
    if row["path"] in REFUSED:
        with pytest.raises(FormatError, match=r"\."):
            read(fmt, data)
        return
    report, findings = read(fmt, data)
    check_invariants(fmt, report, findings)
    if row["finding_count"].startswith("EMPTY"):
        assert findings == []
    elif row["path"] in DIFFERENT_COUNTS:
        count, _why = DIFFERENT_COUNTS[row["path"]]
        assert str(count) != row["finding_count"], (
            "no difference any more: remove it from the table"
        )
        assert len(findings) == count
    else:
        assert str(len(findings)) == row["finding_count"]


@each_row
def test_an_inventory_counts_what_it_lists(row: dict[str, str]) -> None:
    if (name := INVENTORIES.get(row["format"])) is not None:
        fmt = registry().get(row["format"])
        assert fmt is not None
        report, _ = read(fmt, (CORPUS / row["path"]).read_bytes())
        assert str(report.outcomes.get(name, 0)) == row["finding_count"]


@each_row
def test_content_alone_tells_the_format(row: dict[str, str]) -> None:
    data = (CORPUS / row["path"]).read_bytes()
    found = [fmt.slug for fmt in registry().detect(data)]
    if row["path"] in AMBIGUOUS:
        assert found != [row["format"]], "not ambiguous any more: remove it from the table"
    else:
        assert found == [row["format"]]

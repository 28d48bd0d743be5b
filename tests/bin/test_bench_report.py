"""The object and the table that every bench prints."""

import json
from pathlib import Path

import pytest
from django.db import connection

from tests.bench import ingest, report, sarif


def test_medians_and_their_ratio() -> None:
    case = report.measured("sarif-1000-first", "s", [0.5, 0.3, 0.4], floors=[0.1, 0.3, 0.2])
    assert (case.value, case.floor, case.runs) == (0.4, 0.2, 3)
    assert case.ratio == pytest.approx(2.0)


def test_without_a_floor_there_is_no_ratio() -> None:
    case = report.measured("home", "ms", [1.0])
    assert case.floor is None
    assert case.ratio is None


def test_the_object_holds_what_applies_and_survives_json() -> None:
    shown = report.as_object("pages", [report.measured("home", "ms", [1.23456])])
    again = json.loads(json.dumps(shown))
    assert again["bench"] == "pages"
    assert again["machine"]["cores"] >= 1
    assert again["cases"] == [{"case": "home", "value": 1.235, "unit": "ms", "runs": 1}]


def test_the_table_has_a_row_a_case_and_shows_absence() -> None:
    rows = report.table([report.measured("home", "ms", [12.0])])
    assert len(rows) == 2
    assert rows[1].split() == ["home", "12", "ms", "-", "-", "-", "-", "1"]


@pytest.mark.django_db
def test_the_floor_of_ingestion_takes_the_rows_that_ingestion_writes(tmp_path: Path) -> None:
    path = tmp_path / "small.sarif"
    sarif.write(path, range(20))
    cost = ingest._floor(path, ingest._rendered(path))
    assert cost.wall > 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bench_floor")
        assert cursor.fetchone() == (20,)

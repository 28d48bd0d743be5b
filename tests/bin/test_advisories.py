"""Advisories of a folder against pins: the evaluation that the OSV schema describes, with its own examples."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bin._local.advisories import (
    Weakness,
    advisories_in,
    holds,
    pins_of,
    unargued,
    weaknesses,
)
from bin._local.paths import TOP

# As published: PYSEC-2023-227 (pillow), shortened to a few of its versions.
PILLOW = {
    "id": "PYSEC-2023-227",
    "modified": "2023-11-03T10:29:41.505456Z",
    "aliases": ["CVE-2023-44271"],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "pillow", "purl": "pkg:pypi/pillow"},
            "ranges": [
                {
                    "type": "GIT",
                    "repo": "https://github.com/python-pillow/Pillow",
                    "events": [{"introduced": "0"}, {"fixed": "1fe1bb49c452b0318cad12ea9d97c3"}],
                },
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "10.0.0"}]},
            ],
            "versions": ["9.4.0", "9.5.0"],
        }
    ],
}
# GHSA-vrcr-9hj9-jcg6, as GitHub published it: a range for each branch of Django.
DJANGO = {
    "id": "GHSA-vrcr-9hj9-jcg6",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Django"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": a}, {"fixed": b}]}],
        }
        for a, b in (("5.2a1", "5.2.9"), ("5.1a1", "5.1.15"), ("4.2a1", "4.2.27"))
    ],
}


def affected(*events: dict[str, str], versions: list[str] | None = None) -> dict[str, Any]:
    given: dict[str, Any] = {"ranges": [{"type": "SEMVER", "events": list(events)}]}
    return given if versions is None else given | {"versions": versions}


@pytest.mark.parametrize(
    ("told", "inside", "outside"),
    [
        (affected({"introduced": "0"}, {"fixed": "4.17.1"}), ["0.1", "4.17.0"], ["4.17.1", "5"]),
        (
            affected({"introduced": "1.0.0"}, {"last_affected": "1.2"}),
            ["1.0.0", "1.2"],
            ["0.9", "1.3"],
        ),
        (affected({"introduced": "2.0"}), ["2.0", "99"], ["1.9"]),
        # The schema's example of two ranges in one list of events, given out of order.
        (
            affected(
                {"introduced": "3.0"}, {"fixed": "1.0.2"}, {"introduced": "1.0.0"}, {"fixed": "3.2"}
            ),
            ["1.0.0", "1.0.1", "3.1"],
            ["0.9", "1.0.2", "2.9", "3.2"],
        ),
        (affected({"introduced": "2"}, versions=["1.0"]), ["1.0", "2"], ["1.1"]),
        ({"versions": ["1.0"]}, ["1.0"], ["1.1"]),
        # Words of pre-releases that Python does not know, of a fix and of a pin; and what is no version.
        (
            affected({"introduced": "0"}, {"fixed": "5.0.0-canary.1"}),
            ["4.0.0", "unknown"],
            ["5.0.0", "5.0.1-canary.2"],
        ),
        (affected({"introduced": "1.0.0"}, {"fixed": "6.0.0"}), ["5.0.0-canary.1+b3"], ["6.0.0"]),
        ({}, ["1.0"], []),
        (affected({"introduced": "0"}, {"fixed": "1.0.0"}), ["1.0.0rc1"], ["1.0.0"]),
    ],
)
def test_which_versions_an_advisory_holds_for(
    told: dict[str, Any], inside: list[str], outside: list[str]
) -> None:
    assert [version for version in inside if not holds(told, version)] == []
    assert [version for version in outside if holds(told, version)] == []


def test_a_folder_of_both_databases(tmp_path: Path) -> None:
    pins = {
        ("PyPI", "pillow"): {"9.5.0"},
        ("PyPI", "django"): {"5.1.3"},
        ("npm", "esbuild"): {"0.28.2", "0.20.0"},  # one beside another, as npm nests them
    }
    (tmp_path / "vulns").mkdir()
    (tmp_path / "vulns/PYSEC-2023-227.yaml").write_text(yaml.safe_dump(PILLOW))
    (tmp_path / "GHSA-vrcr-9hj9-jcg6.json").write_text(json.dumps(DJANGO))
    withdrawn = PILLOW | {"id": "PYSEC-0-1", "withdrawn": "2024-01-01T00:00:00Z"}
    (tmp_path / "PYSEC-0-1.yaml").write_text(yaml.safe_dump(withdrawn))
    (tmp_path / "other.yaml").write_text("id: [: not read, since it names no package of ours")
    (tmp_path / "README.md").write_text("# Advisories")
    found = weaknesses(advisories_in(tmp_path, pins), pins)
    assert [str(each) for each in found] == [
        "django 5.1.3: GHSA-vrcr-9hj9-jcg6, mended in 5.1.15",
        "pillow 9.5.0: PYSEC-2023-227, CVE-2023-44271, mended in 10.0.0",
    ]
    assert (
        weaknesses(advisories_in(tmp_path, pins), pins | {("PyPI", "pillow"): {"10.0.0"}})
        == found[:1]
    )
    (tmp_path / "cut.json").write_text('{"id": ')
    with pytest.raises(ValueError, match=r"cut\.json"):
        list(advisories_in(tmp_path, pins))


def test_an_argument_has_a_day_and_an_object(tmp_path: Path) -> None:
    weak = Weakness("pillow", "9.5.0", "PYSEC-2023-227", ("CVE-2023-44271",), "")
    argued = tmp_path / "argued.toml"
    today = dt.date(2026, 11, 28)
    assert unargued([weak], argued, today) == [
        "pillow 9.5.0: PYSEC-2023-227, CVE-2023-44271, not mended yet"
    ]
    argued.write_text(
        '[[argued]]\npackage = "pillow"\nadvisory = "CVE-2023-44271"\n'
        'why = "No text is drawn."\nuntil = 2026-12-31\n'
    )
    assert unargued([weak], argued, today) == []
    assert "argued until 2026-12-31" in unargued([weak], argued, dt.date(2027, 1, 1))[0]
    assert unargued([], argued, today) == ["pillow CVE-2023-44271: argued, and found no more"]


def test_pins_of_this_project() -> None:
    pins = pins_of(TOP)
    (django,) = pins["PyPI", "django"]
    assert django.startswith("5.2.")
    assert ("npm", "htmx.org") in pins
    assert ("PyPI", "psycopg2-binary") in pins

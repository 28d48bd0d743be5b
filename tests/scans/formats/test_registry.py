"""Loading formats: what cannot be used is a sentence, never silently skipped."""

from importlib import metadata
from typing import Any

import pytest

from apps.scans.formats import registry as module
from apps.scans.formats.builtin import BUILTIN
from apps.scans.formats.registry import load
from apps.scans.formats.types import Format, Head

SARIF = "apps.scans.formats.sarif.Sarif"
HERE = __name__


class Unnamed(Format):
    """A format without a name."""

    slug = "unnamed"
    stages = ("code",)
    mapping = {"title": "x"}


class SecondSarif(Format):
    """A format whose slug is taken."""

    slug = "sarif"
    name = "Another one"
    stages = ("code",)
    mapping = {"title": "x"}


class Greedy(Format):
    """A format that says yes to every SARIF."""

    slug = "greedy"
    name = "Greedy"
    stages = ("code",)
    mapping = {"title": "x"}

    def detect(self, head: Head) -> bool:
        return "runs" in head.keys


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"Unnamed": Unnamed, "SecondSarif": SecondSarif, "Greedy": Greedy, "Word": "no class"}
    original = module._class

    def class_of(path: str) -> Any:
        name = path.rpartition(".")[2]
        return found[name] if path.startswith("here.") else original(path)

    monkeypatch.setattr(module, "_class", class_of)


def test_the_built_in_formats_load() -> None:
    loaded = load(BUILTIN)
    assert loaded.problems == []
    assert len(loaded) == len(BUILTIN)
    assert loaded.get("sarif") is not None
    assert loaded.get("nothing") is None


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("apps.nowhere.Sarif", "cannot be imported"),
        ("apps.scans.formats.sarif.Nothing", "cannot be imported"),
        ("nodots", "cannot be imported"),
        ("apps.scans.formats.types.Head", "is no subclass of Format"),
        ("here.Word", "is no subclass of Format"),
        ("here.Unnamed", "lacks name"),
        ("here.SecondSarif", "has the slug 'sarif' of apps.scans.formats.sarif.Sarif"),
    ],
)
def test_a_bad_entry_is_a_problem_and_the_others_load(path: str, sentence: str) -> None:
    loaded = load([SARIF, path])
    assert len(loaded) == 1
    assert [sentence in problem for problem in loaded.problems] == [True]
    assert path in loaded.problems[0]


def test_a_package_can_register_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = metadata.EntryPoint("greedy", "here:Greedy", "secops_portal.formats")
    monkeypatch.setattr(metadata, "entry_points", lambda group: [entry] if group == "g" else [])
    loaded = load([], entry_point_group="g", salt=b"s")
    assert [fmt.slug for fmt in loaded] == ["greedy"]
    assert loaded.formats["greedy"].salt == b"s"


def test_two_formats_that_say_yes_are_both_named() -> None:
    data = b'{"version": "2.1.0", "runs": [{"tool": {}}]}'
    loaded = load([SARIF, "here.Greedy"])
    assert [fmt.slug for fmt in loaded.detect(data)] == ["sarif", "greedy"]


def test_empty_content_names_all_that_write_it() -> None:
    loaded = load(BUILTIN)
    assert "gitleaks" in {fmt.slug for fmt in loaded.detect(b"[]\n")}
    assert loaded.detect(b"{}") == []
    assert {fmt.slug for fmt in loaded.detect(b"")} >= {"nuclei", "osv-scanner"}


@pytest.mark.parametrize(
    "data", [b"hello", b"1", b'"x"', b'{"hello": 1}', b"<html/>", b"a,b\n1,2\n"]
)
def test_other_content_is_no_format(data: bytes) -> None:
    assert load(BUILTIN).detect(data, "report.sarif") == []

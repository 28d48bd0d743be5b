"""A folder of this machine: what settled, once, and nothing outside what the operator lists."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from apps.common.errors import Invalid
from apps.scans.models import Report
from apps.sources.models import Source
from apps.sources.services.sources import SourceInput, source_edit
from tests.conftest import People
from tests.factories import actor_of, make_source
from tests.sources.conftest import run


@pytest.fixture
def inbox(tmp_path: Path, settings: Any) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    settings.SECOPS_PULL_FOLDERS = [str(tmp_path)]
    return folder


def put(path: Path, content: bytes = b"{}", age: float = 60) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)


def source_of(people: People, folder: Path, **config: Any) -> Source:
    return make_source(people.system, connector="folder", config={"folder": str(folder), **config})


def filenames() -> list[str]:
    return list(Report.objects.order_by("pk").values_list("filename", flat=True))


def test_each_file_once_in_each_version_the_oldest_first(people: People, inbox: Path) -> None:
    put(inbox / "b.json", age=100)
    put(inbox / "deep" / "a.json", age=200)
    put(inbox / "writing.json", age=1)
    put(inbox / "old.json", age=40 * 86400)
    put(inbox / "notes.txt")
    source = source_of(people, inbox, pattern="*.json")
    assert run(source).received == 2
    assert filenames() == ["a.json", "b.json"]
    assert run(source).received == 0
    put(inbox / "b.json", b'{"new": 1}', age=50)
    os.utime(inbox / "writing.json", (time.time() - 20,) * 2)
    assert run(source).received == 2
    assert filenames() == ["a.json", "b.json", "b.json", "writing.json"]


def test_another_pattern_reads_from_the_beginning_and_doubles_nothing(
    people: People, inbox: Path
) -> None:
    put(inbox / "a.json", age=90)
    put(inbox / "b.sarif", b'{"b": 1}')
    source = source_of(people, inbox, pattern="*.json")
    run(source)
    content = SourceInput(
        name=source.name, connector="folder", config={"folder": str(inbox), "pattern": "*"}
    )
    actor = actor_of(people.security)
    source_edit(actor=actor, source=source, version=source.version, content=content)
    source.refresh_from_db()
    run(source)
    assert filenames() == ["a.json", "b.sarif"]
    assert run(source).received == 0


def test_an_empty_file_is_noted_and_does_not_stop_the_others(people: People, inbox: Path) -> None:
    put(inbox / "a.json", b"", age=90)
    put(inbox / "b.json")
    source = source_of(people, inbox)
    ended = run(source)
    assert (ended.state, ended.received, ended.refused) == ("succeeded", 1, 1)
    assert run(source).refused == 0


def test_a_name_that_breaks_lines(people: People, inbox: Path) -> None:
    put(inbox / "a\nb\x1b[31m.json")
    assert run(source_of(people, inbox)).received == 1
    assert filenames() == ["ab[31m.json"]


def test_nothing_outside_the_listed_folders(
    people: People, inbox: Path, tmp_path: Path, settings: Any
) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret"
    secret.mkdir()
    put(secret / "shadow.json")
    (inbox / "link.json").symlink_to(secret / "shadow.json")
    (inbox / "folder").symlink_to(secret)
    (tmp_path / "way-out").symlink_to(secret)
    put(inbox / "good.json")
    assert run(source_of(people, inbox)).received == 1
    for folder in (secret, tmp_path / "way-out", Path("/etc"), Path("/proc/self")):
        ended = run(source_of(people, folder))
        assert (ended.state, ended.error_code) == ("failed", "host-refused"), folder
    settings.SECOPS_PULL_FOLDERS = []
    assert run(source_of(people, inbox)).error_code == "host-refused"
    assert filenames() == ["good.json"]


@pytest.mark.parametrize("folder", ["relative", "/srv/../etc", "", "/a\x00b"])
def test_paths_that_cannot_be(people: People, folder: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_source(people.system, connector="folder", config={"folder": folder})
    assert set(caught.value.fields) == {"config.folder"}


def test_a_folder_that_is_away_is_waited_for(people: People, inbox: Path) -> None:
    source = source_of(people, inbox / "later")
    assert run(source).error_code == "bad-status"
    assert source.broken_since is None

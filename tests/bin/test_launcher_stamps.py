"""Stamps: work is skipped exactly when nothing that it reads has changed."""

from pathlib import Path

from bin._local import stamps


def test_the_digest_of_unchanged_files_is_the_same_in_any_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    assert stamps.digest([one, two]) == stamps.digest([two, one])


def test_the_digest_sees_content_names_and_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("same")
    other = tmp_path / "other"
    other.write_text("same")
    seen = {stamps.digest([file]), stamps.digest([other]), stamps.digest([file], "word")}
    file.write_text("different")
    seen.add(stamps.digest([file]))
    assert len(seen) == 4


def test_the_digest_sees_a_file_come_into_being_and_grow_in_a_folder(tmp_path: Path) -> None:
    absent = stamps.digest([tmp_path / "late"])
    (tmp_path / "late").write_text("")
    assert stamps.digest([tmp_path / "late"]) != absent
    before = stamps.digest([tmp_path])
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "new").write_text("")
    assert stamps.digest([tmp_path]) != before


def test_stamps_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "stamps.json"
    stamps.write(file, {"a": "1"})
    assert stamps.read(file) == {"a": "1"}


def test_a_missing_or_damaged_stamp_means_that_the_work_is_done_again(tmp_path: Path) -> None:
    file = tmp_path / "stamps.json"
    assert stamps.read(file) == {}
    for damage in ('{"a": ', "[1]", ""):
        file.write_text(damage)
        assert stamps.read(file) == {}

"""A second start while the portal runs says where, and does no harm."""

from pathlib import Path

import pytest

from bin._local import room, serve
from bin._local.process import Identity
from bin._local.room import Room, Running


@pytest.fixture
def place(tmp_path: Path) -> Room:
    return Room(tmp_path, tmp_path, None)


def test_only_one_at_a_time_occupies_a_room(place: Room) -> None:
    with room.occupied(place) as first:
        assert first
        with room.occupied(place) as second:
            assert not second
    with room.occupied(place) as third:
        assert third


def test_the_second_start_names_the_address_and_ends_well(
    place: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    running = Running("id", Identity(4711, "1"), "http://127.0.0.1:8001", {})
    room.write_record(place, running)
    assert serve.already_running(place) == 0
    said = capsys.readouterr().out
    assert "http://127.0.0.1:8001" in said
    assert "kill 4711" in said
    assert room.read_record(place) == running


def test_a_start_that_is_not_through_yet_is_said_too(
    place: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve.already_running(place) == 0
    assert "being started" in capsys.readouterr().out


def test_what_manage_needs_is_readable_only_while_the_portal_runs(place: Room) -> None:
    wanted = {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "SECRET_KEY": "k"}
    with room.occupied(place):
        room.write_environment(place, {**wanted, "HOME": "/somewhere"})
        assert room.read_environment(place.data) == wanted
    assert room.read_environment(place.data) is None


def test_secrets_are_readable_by_their_owner_alone(place: Room) -> None:
    key = place.secret_key()
    assert place.secret_key() == key
    assert len(key) >= 50
    assert (place.data / "secret-key").stat().st_mode & 0o777 == 0o600

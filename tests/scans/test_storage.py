"""Bytes of strangers on their way to disk: limits, compression, and nothing left behind."""

import gzip
import hashlib
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from apps.common.errors import ReportRejected
from apps.scans import storage

MIB = 1024 * 1024
TEXT = b'{"version": "2.1.0", "runs": []}'


class Bucket(Storage):
    """A storage as S3 has one: objects by name, and no files that could be opened by a path."""

    objects: ClassVar[dict[str, bytes]] = {}

    def _save(self, name: str, content: "File[bytes]") -> str:
        self.objects[name] = b"".join(content.chunks())
        return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        return ContentFile(self.objects[name])

    def exists(self, name: str) -> bool:
        return name in self.objects

    def delete(self, name: str) -> None:
        self.objects.pop(name, None)


def noise(size: int) -> bytes:
    """Bytes that do not compress."""
    return random.Random(size).randbytes(size)  # noqa: S311  # repeatable, not secret


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def refusal_of(chunks: Any) -> ReportRejected:
    with pytest.raises(ReportRejected) as caught:
        storage.store(chunks)
    return caught.value


# --- storing -------------------------------------------------------------------------------------


def test_bytes_are_kept_as_they_came(data_folder: Path) -> None:
    data = noise(700_001)
    stored = storage.store(pieces(data, 65_536))
    assert (stored.size, stored.sha256) == (700_001, hashlib.sha256(data).hexdigest())
    [kept] = files_in(data_folder)
    assert kept == data_folder / stored.name
    assert kept.read_bytes() == data
    assert kept.stat().st_mode & 0o077 == 0  # raw reports may hold secrets: nobody else reads them


def test_equal_bytes_are_kept_twice(data_folder: Path) -> None:
    first, second = storage.store([TEXT]), storage.store([TEXT])
    assert first.sha256 == second.sha256
    assert first.name != second.name
    storage.forget(first.name)
    assert (data_folder / second.name).read_bytes() == TEXT


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]])
def test_no_bytes_are_no_report(chunks: list[bytes], data_folder: Path) -> None:
    refusal = refusal_of(chunks)
    assert (refusal.code, refusal.status) == ("empty", 400)
    assert files_in(data_folder) == []


def test_the_limit_itself_is_allowed_and_one_more_is_not(settings: Any, data_folder: Path) -> None:
    settings.SECOPS_MAX_REPORT_BYTES = 2 * MIB
    assert storage.store([b"x" * MIB, b"x" * MIB]).size == 2 * MIB
    refusal = refusal_of([b"x" * MIB, b"x" * MIB, b"x"])
    assert (refusal.code, refusal.status) == ("too-large", 413)
    assert "2 MB" in refusal.message
    assert len(files_in(data_folder)) == 1


def test_what_is_too_large_is_not_read_to_its_end(settings: Any) -> None:
    settings.SECOPS_MAX_REPORT_BYTES = 10
    given = []

    def endless() -> Iterator[bytes]:
        while True:
            given.append(1)
            yield b"12345"

    assert refusal_of(endless()).code == "too-large"
    assert len(given) == 3


def test_a_sender_that_breaks_off_leaves_nothing(data_folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield TEXT
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.store(broken())
    assert files_in(data_folder) == []


def test_forgetting_what_is_not_there_is_no_error(data_folder: Path) -> None:
    stored = storage.store([TEXT])
    storage.forget(stored.name)
    storage.forget(stored.name)
    assert files_in(data_folder) == []


# --- gzip (RFC 1952) -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_gzip_is_unpacked_whatever_the_pieces(size: int, data_folder: Path) -> None:
    data = b"".join(b"line %d of a report\n" % number for number in range(5000))
    stored = storage.store(storage.inflate(pieces(gzip.compress(data), size)))
    assert (stored.size, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (data_folder / stored.name).read_bytes() == data


def test_one_layer_is_unpacked_and_no_more(data_folder: Path) -> None:
    inner = gzip.compress(TEXT)
    stored = storage.store(storage.inflate([gzip.compress(inner)]))
    assert (data_folder / stored.name).read_bytes() == inner


def test_a_bomb_is_stopped_early(data_folder: Path) -> None:
    """64 MiB of zeros in 64 KiB: 1 000 to 1, as much as deflate can."""
    bomb = gzip.compress(bytes(64 * MIB))
    assert len(bomb) < 70_000
    given = 0

    def counted() -> Iterator[bytes]:
        nonlocal given
        for piece in storage.inflate(pieces(bomb, 4096)):
            given += len(piece)
            yield piece

    refusal = refusal_of(counted())
    assert (refusal.code, refusal.status) == ("bad-compression", 413)
    assert given < 20 * MIB
    assert files_in(data_folder) == []


def test_a_small_report_may_compress_as_well_as_it_likes() -> None:
    data = b" " * (4 * MIB)
    assert storage.store(storage.inflate([gzip.compress(data)])).size == 4 * MIB


def test_the_limit_is_on_what_comes_out(settings: Any, data_folder: Path) -> None:
    settings.SECOPS_MAX_REPORT_BYTES = MIB
    refusal = refusal_of(storage.inflate([gzip.compress(noise(MIB + 1))]))
    assert (refusal.code, refusal.status) == ("too-large", 413)
    assert files_in(data_folder) == []


@pytest.mark.parametrize("kept", [0, 1, 5, 10, 15, -9, -8, -4, -1])
def test_gzip_that_ends_early(kept: int, data_folder: Path) -> None:
    """In the header, in the data, before and in the check sum."""
    refusal = refusal_of(storage.inflate([gzip.compress(TEXT)[:kept]]))
    assert refusal.code == "bad-compression"
    assert files_in(data_folder) == []


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    "behind", [gzip.compress(b"second member", mtime=0), b"\0", b"trailing text"]
)
def test_nothing_may_follow_the_gzip_member(
    behind: bytes, together: bool, data_folder: Path
) -> None:
    member = gzip.compress(TEXT)
    chunks = [member + behind] if together else [member, behind]
    assert refusal_of(storage.inflate(chunks)).code == "bad-compression"
    assert files_in(data_folder) == []


@pytest.mark.parametrize(
    "data",
    [TEXT, zlib.compress(TEXT), b"\x1f\x8b\x08", b"PK\x03\x04 a zip", b"\x28\xb5\x2f\xfd zstd"],
)
def test_what_is_no_gzip(data: bytes, data_folder: Path) -> None:
    assert refusal_of(storage.inflate([data])).code == "bad-compression"
    assert files_in(data_folder) == []


def test_a_damaged_check_sum() -> None:
    data = bytearray(gzip.compress(TEXT))
    data[-6] ^= 1
    assert refusal_of(storage.inflate([bytes(data)])).code == "bad-compression"


def test_gzip_of_nothing_is_empty() -> None:
    assert refusal_of(storage.inflate([gzip.compress(b"")])).code == "empty"


# --- reading -------------------------------------------------------------------------------------


def test_what_was_stored_is_read_as_one_piece() -> None:
    stored = storage.store([TEXT])
    with storage.opened(stored.name) as data:
        assert bytes(data) == TEXT
        assert data.readonly
    with pytest.raises(ValueError, match="released"):
        bytes(data)


def test_a_slice_that_somebody_still_holds_is_no_trouble() -> None:
    stored = storage.store([TEXT])
    with storage.opened(stored.name) as data:
        held = data[:5]
    assert bytes(held) == TEXT[:5]


def test_a_storage_that_is_no_folder(settings: Any, data_folder: Path) -> None:
    backend = {"BACKEND": f"{__name__}.Bucket"}
    settings.STORAGES = settings.STORAGES | {"default": backend}
    data = noise(600_000)
    stored = storage.store(pieces(data, 100_000))
    assert files_in(data_folder) == []  # nothing lies about beside the bucket
    with storage.opened(stored.name) as view:
        assert bytes(view) == data
    storage.forget(stored.name)
    assert Bucket.objects == {}


def test_bytes_that_are_gone() -> None:
    with pytest.raises(FileNotFoundError), storage.opened("reports/2026/01/01/gone"):
        pass

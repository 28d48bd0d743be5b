"""Raw bytes of reports: streamed in with limits, kept until retention ends, read as a memory map."""

import contextlib
import hashlib
import mmap
import os
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.utils import timezone

from apps.common import stored
from apps.common.errors import ReportRejected
from apps.scans.constants import BAD_COMPRESSION, EMPTY, TOO_LARGE

CHUNK = 256 * 1024
# Text compresses well at any size; the ratio means something only past this many bytes.
RATIO_COUNTS_FROM = 8 * 1024 * 1024


@dataclass(frozen=True)
class StoredBytes:
    """What was stored: `sha256` (hex) and `size` are of the bytes after decompression."""

    name: str
    size: int
    sha256: str


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress one gzip member, in bounded steps.

    SECURITY: one layer only; ratio and size are capped as it goes; trailing members and truncation are refused.
    """
    machine = zlib.decompressobj(wbits=31)
    taken = given = 0
    for chunk in chunks:
        taken += len(chunk)
        data = chunk
        while data:
            try:
                piece = machine.decompress(data, CHUNK)
            except zlib.error as error:
                raise ReportRejected(
                    BAD_COMPRESSION, f"The gzip data is damaged: {error}."
                ) from error
            given += len(piece)
            if given > RATIO_COUNTS_FROM and given > taken * settings.SECOPS_MAX_COMPRESSION_RATIO:
                raise ReportRejected(
                    BAD_COMPRESSION, "The gzip data expands too far to be a report.", status=413
                )
            yield piece
            data = machine.unconsumed_tail
            if machine.eof and (machine.unused_data or data):
                raise ReportRejected(BAD_COMPRESSION, "There is data behind the gzip stream.")
    if not machine.eof:
        raise ReportRejected(BAD_COMPRESSION, "The gzip data ends in the middle.")


def room() -> AbstractContextManager[None]:
    """Bytes of reports are written inside. Raises: Unavailable where the disk, or our share of it, is full."""
    return stored.room(
        "The portal has no room for reports now. Nothing of this one was kept: post it again."
    )


def store(chunks: Iterable[bytes]) -> StoredBytes:
    """Stream bytes into storage, hashing and counting; durable on return.

    Raises: ReportRejected when there is nothing, or more than the limit; Unavailable when there is
    no room; nothing is left behind then.
    """
    with room():
        return _store(chunks)


def _store(chunks: Iterable[bytes]) -> StoredBytes:
    told: list[tuple[int, str]] = []
    name = store_written(lambda target: told.append(_copy(chunks, target)))
    return StoredBytes(name, *told[0])


def store_written(write: Callable[[IO[bytes]], None]) -> str:
    """Store what `write` writes, durably on return; returns its name. Nothing is left of what fails."""
    name = f"reports/{timezone.now():%Y/%m/%d}/{uuid.uuid4().hex}"
    return stored.store_written(write, name)


def _copy(chunks: Iterable[bytes], target: IO[bytes]) -> tuple[int, str]:
    limit = settings.SECOPS_MAX_REPORT_BYTES
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            text = f"The report is larger than {limit // 1024 // 1024} MB, the limit here."
            raise ReportRejected(TOO_LARGE, text, status=413)
        digest.update(chunk)
        target.write(chunk)
    if size == 0:
        raise ReportRejected(
            EMPTY,
            "The body holds no bytes. An empty file is not a clean scan: post the tool's report.",
        )
    return size, digest.hexdigest()


def pieces(name: str) -> Iterator[bytes]:
    with default_storage.open(name) as source:
        yield from source.chunks(CHUNK)


def forget(name: str) -> None:
    """Delete bytes whose report was not written after all."""
    with contextlib.suppress(OSError):
        default_storage.delete(name)


def retire(name: str) -> bool:
    """Take bytes away whose time is over; True: they are in the archive of SECOPS_RAW_ARCHIVE_DIR now.

    Done again after a death in between, it ends the same. Raises: OSError where the archive cannot
    be written; nothing is lost then.
    """
    archive = settings.SECOPS_RAW_ARCHIVE_DIR
    if archive and default_storage.exists(name):
        _archive(name, Path(archive) / name)
    default_storage.delete(name)
    return bool(archive)


def _archive(name: str, target: Path) -> None:
    """Under the same name; whole on the disk before it has that name."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    with default_storage.open(name) as source, partial.open("wb") as copy:
        partial.chmod(0o600)
        for chunk in source.chunks(CHUNK):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    partial.replace(target)


@contextlib.contextmanager
def opened(name: str) -> Iterator[memoryview]:
    """The bytes as a read-only memory map: pages come from disk as they are read, and go again."""
    with _local_file(name) as handle:
        mapped = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        mapped.madvise(mmap.MADV_SEQUENTIAL)
        view = memoryview(mapped)
        try:
            yield view
        finally:
            # A parser that failed still has slices in the frames of its traceback; the map goes with them.
            with contextlib.suppress(BufferError):
                view.release()
                mapped.close()


def part(name: str, start: int, size: int) -> bytes:
    """Some bytes of a stored file, and no others are read; fewer where it ends before. Raises: OSError."""
    with default_storage.open(name) as source:
        source.seek(start)
        return bytes(source.read(size))


@contextlib.contextmanager
def _local_file(name: str) -> Iterator["File[bytes]"]:
    """The stored file, or a copy of it where the storage is not a folder."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        with tempfile.NamedTemporaryFile() as copy, default_storage.open(name) as source:
            for chunk in source.chunks(CHUNK):
                copy.write(chunk)
            copy.flush()
            yield copy  # type: ignore[misc]
        return
    with path.open("rb") as handle:
        yield handle  # type: ignore[misc]

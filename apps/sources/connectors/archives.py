"""Files inside a ZIP archive from a stranger.

SECURITY: nothing is unpacked to the disk, so names are only labels; number, size and ratio are
bounded while it is read, whatever the directory of the archive says.
"""

import fnmatch
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from apps.common.outgoing import OutgoingFailed, errors

MAX_MEMBERS = 1000
MAX_RATIO = 200
RATIO_COUNTS_FROM = 8 * 1024 * 1024
CHUNK = 256 * 1024
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclass(frozen=True)
class Member:
    name: str
    chunks: Iterable[bytes]


def members(chunks: Iterable[bytes], pattern: str) -> Iterator[Member]:
    """The files whose name, or last part of it, matches. Raises: OutgoingFailed."""
    with tempfile.SpooledTemporaryFile(8 * 1024 * 1024) as file:
        for chunk in chunks:
            file.write(chunk)
        file.seek(0)
        try:
            with zipfile.ZipFile(file) as archive:
                yield from _matching(archive, pattern)
        except DAMAGED as error:
            raise OutgoingFailed(errors.CONTENT, "The archive is damaged.") from error


def _matching(archive: zipfile.ZipFile, pattern: str) -> Iterator[Member]:
    found = archive.infolist()
    if len(found) > MAX_MEMBERS:
        raise OutgoingFailed(errors.SIZE, f"The archive holds more than {MAX_MEMBERS} files.")
    for info in found:
        short = info.filename.rsplit("/", 1)[-1]
        fits = fnmatch.fnmatch(short, pattern) or fnmatch.fnmatch(info.filename, pattern)
        if not info.is_dir() and short and fits:
            with archive.open(info) as member:
                yield Member(info.filename, _bounded(member, info.compress_size))


def _piece(member: IO[bytes]) -> bytes:
    try:
        return member.read(CHUNK)
    except DAMAGED as error:
        raise OutgoingFailed(errors.CONTENT, "A file of the archive is damaged.") from error


def _bounded(member: IO[bytes], packed: int) -> Iterator[bytes]:
    given = 0
    while chunk := _piece(member):
        given += len(chunk)
        if given > RATIO_COUNTS_FROM and given > max(packed, 1) * MAX_RATIO:
            raise OutgoingFailed(
                errors.SIZE, "A file of the archive expands too far to be a report."
            )
        yield chunk

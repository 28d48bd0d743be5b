"""Bytes that come to stay: written beside the storage, whole on the disk before they have their name."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from apps.common.errors import Unavailable

FULL = {errno.ENOSPC, errno.EDQUOT}  # the disk, or our share of it
NO_ROOM = "no-room"


@contextlib.contextmanager
def room(sentence: str) -> Iterator[None]:
    """Bytes are written inside. Raises: Unavailable, with the sentence, where the disk or our share of it is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise Unavailable(sentence, code=NO_ROOM) from error


def store_written(write: Callable[[IO[bytes]], None], name: str) -> str:
    """Store what `write` writes, durably on return; returns its name. Nothing is left of what fails."""
    folder = Path(settings.DATA_DIR) / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as target:
        try:
            write(target.file)
            target.flush()
            os.fsync(target.fileno())
            return _move_in(Path(target.name), name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(target.name).unlink()


class _OnDisk(File):  # type: ignore[type-arg]
    """Lets the storage take the file over by renaming instead of copying."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _move_in(path: Path, name: str) -> str:
    with path.open("rb") as handle:
        return default_storage.save(name, _OnDisk(handle, name=str(path)))

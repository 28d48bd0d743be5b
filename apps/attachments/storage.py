"""The bytes of pictures, under their own digest in the storage of raw reports."""

import contextlib
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage

from apps.common.errors import Missing
from apps.common.stored import room, store_written


def store(name: str, data: bytes) -> None:
    """Keep the bytes, durably on return; those that are there already are the same. Raises: Unavailable."""

    def write(target: IO[bytes]) -> None:
        target.write(data)

    if default_storage.exists(name):
        return
    with room("The portal has no room for pictures now. Nothing of this one was kept."):
        store_written(write, name)


def opened(name: str) -> "File[bytes]":
    """Raises: Missing where the bytes are gone."""
    try:
        return default_storage.open(name)
    except FileNotFoundError:
        raise Missing("The bytes of this picture are no longer in the storage.") from None


def forget(name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        default_storage.delete(name)

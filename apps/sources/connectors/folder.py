"""A folder of this machine: each file once, when it is there and has settled.

SECURITY: only below the folders that the operator lists in SECOPS_PULL_FOLDERS; links are followed to
where they lead and refused if that is elsewhere.
"""

import datetime as dt
import fnmatch
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors.fields import Field
from apps.sources.connectors.types import Connector, Context, Found

SETTLED = 10.0  # seconds without a change: nobody writes it any more
MAX_FILES = 20_000
CHUNK = 256 * 1024


@dataclass(frozen=True)
class _File:
    path: Path
    size: int
    changed_ns: int

    @property
    def key(self) -> str:
        return f"{self.path}\n{self.size}\n{self.changed_ns}"


class Folder(Connector):
    slug = "folder"
    name = "Folder"
    summary = "Files that appear in a folder which this machine can read."
    fields = (
        Field("folder", "Folder", help="Below one that the operator lists."),
        Field("pattern", "Files", default="*", help="Such as *.sarif; * stands for anything."),
        Field("max_age_days", "No older than, in days", "number", default=30, low=1, high=3650),
    )

    def address(self, config: Mapping[str, Any]) -> str:
        return ""

    def check(self, config: Mapping[str, Any]) -> dict[str, str]:
        path = str(config["folder"])
        if not path.startswith("/") or ".." in Path(path).parts:
            return {"folder": "Give the whole path, beginning with /, without .. in it."}
        return {}

    def pull(self, context: Context) -> Iterator[Found]:
        """New files, the oldest first."""
        for file in _new(context):
            yield Found(
                chunks=_read(file.path),
                cursor=context.cursor,
                key=file.key,
                filename=file.path.name,
            )

    def probe(self, context: Context) -> str:
        files = list(_files(context))
        new = len(_new(context))
        return f"{len(files)} files match, {new} of them new and settled."


def _root(context: Context) -> Path:
    """The folder, resolved. Raises: OutgoingFailed."""
    path = Path(str(context.config["folder"])).resolve()
    listed = [Path(each).resolve() for each in context.folders]
    if not any(path == each or each in path.parents for each in listed):
        raise OutgoingFailed(
            errors.HOST, "This folder is not below one of SECOPS_PULL_FOLDERS.", permanent=True
        )
    if not path.is_dir():
        raise OutgoingFailed(errors.STATUS, "There is no such folder.", permanent=False)
    return path


def _files(context: Context) -> Iterator[_File]:
    root, pattern = _root(context), str(context.config["pattern"])
    oldest = (
        context.now.timestamp()
        - dt.timedelta(days=int(context.config["max_age_days"])).total_seconds()
    )
    count = 0
    for entry in _walk(root):
        if not fnmatch.fnmatch(entry.name, pattern):
            continue
        try:
            path = Path(entry.path).resolve(strict=True)
            state = path.stat()
        except OSError:
            continue  # gone since it was listed
        inside = path == root or root in path.parents
        if inside and path.is_file() and state.st_mtime >= oldest:
            count += 1
            if count > MAX_FILES:
                raise OutgoingFailed(
                    errors.SIZE, f"More than {MAX_FILES} files; name a narrower one."
                )
            yield _File(path, state.st_size, state.st_mtime_ns)


def _walk(root: Path) -> Iterator[os.DirEntry[str]]:
    """Files of a folder and those below it; folders behind links are left out."""
    waiting = [root]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        yield entry
        except OSError as error:
            raise OutgoingFailed(
                errors.AUTH, "The folder cannot be read.", permanent=False
            ) from error


def _new(context: Context) -> list[_File]:
    settled = (context.now.timestamp() - SETTLED) * 1e9
    files = [file for file in _files(context) if file.changed_ns <= settled]
    known = context.known([file.key for file in files])
    return sorted((f for f in files if f.key not in known), key=lambda f: (f.changed_ns, f.path))


def _read(path: Path) -> Iterator[bytes]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise OutgoingFailed(
            errors.AUTH, f"{path.name} cannot be read.", permanent=False
        ) from error
    with os.fdopen(handle, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk

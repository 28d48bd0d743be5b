"""One JSON document of several long lists that are filled side by side, without holding any of them."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any, Self

_IN_MEMORY = 1_000_000  # bytes of a list that are held before it goes to the disk


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Sections:
    """Lists by name. A list that nothing was added to is left out of the document."""

    def __init__(self) -> None:
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def add(self, name: str, value: Mapping[str, Any]) -> None:
        if name not in self._files:
            self._files[name] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # __exit__ closes it
        else:
            self._files[name].write(b",\n")
        self._files[name].write(compact(value))

    def write(self, target: IO[bytes], head: Mapping[str, Any], *names: str) -> None:
        """An object of `head` with these lists as its last members."""
        target.write(compact(head)[:-1])
        is_first = not head
        for name in names:
            if name in self._files:
                target.write((b"" if is_first else b",\n") + compact(name) + b":[\n")
                self._files[name].seek(0)
                shutil.copyfileobj(self._files[name], target)
                target.write(b"\n]")
                is_first = False
        target.write(b"}")

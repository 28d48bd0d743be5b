"""A report on its way in: kept apart until it is whole, so that what broke off never becomes one."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings

from apps.common.outgoing import OutgoingFailed, errors

IN_MEMORY = 4 * 1024 * 1024
CHUNK = 256 * 1024


class Spool:
    """Bytes with their size and SHA-256; small ones in memory, large ones in a file without a name."""

    def __init__(self) -> None:
        folder = Path(settings.DATA_DIR) / "incoming"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115
        self._digest = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def fill(self, chunks: Iterable[bytes]) -> None:
        """Raises: OutgoingFailed beyond the largest report, and whatever the chunks raise."""
        limit = settings.SECOPS_MAX_REPORT_BYTES
        for chunk in chunks:
            self.size += len(chunk)
            if self.size > limit:
                megabytes = limit // 1024 // 1024
                raise OutgoingFailed(
                    errors.SIZE, f"The report is larger than {megabytes} MB, the limit here."
                )
            self._digest.update(chunk)
            self._file.write(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            yield chunk

    def is_gzip(self) -> bool:
        self._file.seek(0)
        return self._file.read(2) == b"\x1f\x8b"

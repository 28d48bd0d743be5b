"""What people see while it works: a bar on a terminal, lines in the log of a job. All on standard error."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

CHUNK = 256 * 1024
WIDTH = 30


def say(text: str) -> None:
    print(f"secops: {text}", file=sys.stderr, flush=True)


class Bar:
    """One line that is drawn again; silent where nobody watches."""

    def __init__(self, name: str, total: int, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.shown = self.stream.isatty()
        self.name, self.total, self.percent = name[:30], total, -1

    def at(self, done: int) -> None:
        percent = done * 100 // self.total if self.total else 100
        if not self.shown or percent == self.percent:
            return
        self.percent = percent
        full = WIDTH * percent // 100
        size = f"{self.total / 1024 / 1024:.1f} MB"
        self.stream.write(
            f"\r{self.name} [{'#' * full}{'.' * (WIDTH - full)}] {percent:3d} % of {size}"
        )
        if percent == 100:
            self.stream.write("\n")
        self.stream.flush()


def pieces(path: Path, bar: Bar) -> Iterator[bytes]:
    """The file's bytes, with the bar following."""
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
            done += len(chunk)
            bar.at(done)

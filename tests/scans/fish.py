"""A report format of the tests, whose lines say what its parser does.

It does what real parsers may do and no real file makes them do: fail late, die, take its time.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator

from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)


class Fish(Format):
    """`FISH`, then lines: `find 3`, `refuse WORDS`, `crash`, `no-disk`, `kill`, `sleep 0.5`."""

    slug = "fish"
    name = "Fish"
    stages = ("test", "code")
    mapping = {"rule_id": "always fish"}

    def detect(self, head: Head) -> bool:
        return head.prefix.startswith(b"FISH")

    def parse(self, data: memoryview) -> ParsedReport:
        lines = bytes(data).decode().splitlines()[1:]
        return ParsedReport(findings=_findings(lines), tool_name="Fish")


def _findings(lines: list[str]) -> Iterator[ParsedFinding]:
    for line in lines:
        verb, _, rest = line.partition(" ")
        if verb == "find":
            yield _finding(rest)
        else:
            _DEEDS[verb](rest)


def _finding(name: str) -> ParsedFinding:
    return ParsedFinding(
        kind=Kind.RESOURCE,
        rule_id="fish",
        title=f"Fish {name}",
        severity=Severity.LOW,
        location=Location(resource=name),
    )


def _refuse(words: str) -> None:
    raise FormatError("bad-fish", words.replace("NUL", "\0"), "line 7")


def _crash(words: str) -> None:
    raise ZeroDivisionError(words)


def _no_disk(words: str) -> None:
    raise OSError(28, f"No space left on device {words}")


def _kill(_words: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _sleep(words: str) -> None:
    time.sleep(float(words))


_DEEDS: dict[str, Callable[[str], None]] = {
    "refuse": _refuse,
    "crash": _crash,
    "no-disk": _no_disk,
    "kill": _kill,
    "sleep": _sleep,
}


def fish(*lines: str) -> bytes:
    return "\n".join(["FISH", *lines]).encode()


def shoal(count: int) -> list[str]:
    return [f"find {number}" for number in range(count)]

"""How a whole run is spread over processes (pytest-xdist).

A file goes to one process as a whole, as with --dist=loadfile. Besides: files that share a portal stay
together, since each process that needs one starts a web server, a worker and a sweeper and loads the
demo; and those that mostly wait for browsers and servers come first, so that the others compute
beside them and small files fill the end. The parts of PARTED are each a share.
"""

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

PAGES = "tests/browser/test_pages.py"  # half of the time of all browser tests: a share of its own
PARTED = "tests/api/test_schemathesis.py"  # has parts where each operation gets many examples
FIRST = (PAGES, "tests/browser/", "tests/faults/")


class Spreading(LoadFileScheduling):  # type: ignore[misc]
    """Give each process the next share that nobody has, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file == PARTED:
            return nodeid
        return "portal" if file.startswith("tests/browser/") and file != PAGES else file


def waiting_first(items: list[pytest.Item]) -> None:
    """Put the tests of `FIRST` before all others; within each the order stays."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((at for at, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))

"""docs/formats.md is made of the formats; this says when it is stale, and how to make it again.

python -m tests.scans.formats.test_docs
"""

from pathlib import Path

from apps.scans.formats.docs import page
from tests.scans.formats.counts import DIFFERENT_COUNTS, REFUSED
from tests.scans.formats.support import registry

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats.md"


def current() -> str:
    return page(registry(), {path: why for path, (_, why) in DIFFERENT_COUNTS.items()} | REFUSED)


def test_the_page_is_what_the_formats_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == current(), "python -m tests.scans.formats.test_docs"


if __name__ == "__main__":
    PAGE.write_text(current(), encoding="utf-8")

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.actors import portal_actor
from apps.common.errors import DomainError
from apps.scans.models import FeedKind
from apps.scans.services.exploits import feed_load

CHUNK = 256 * 1024


class Command(BaseCommand):
    help = (
        "Loads EPSS scores (CSV) or the KEV catalogue (JSON) from a file, plain or as gzip, "
        "for sites without a way out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=FeedKind.values)
        parser.add_argument("file", help="a path, or - for standard input")

    def handle(self, *args: Any, kind: str, file: str, **options: Any) -> None:
        try:
            feed = feed_load(
                actor=portal_actor("load_feed"),
                kind=kind,
                chunks=_chunks(file),
                origin=Path(file).name,
            )
        except (DomainError, OSError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        self.stdout.write(f"{feed}: {feed.rows} entries, published {feed.published or 'unknown'}")


def _chunks(file: str) -> Iterator[bytes]:
    if file == "-":
        yield from iter(lambda: sys.stdin.buffer.read(CHUNK), b"")
        return
    with Path(file).open("rb") as handle:
        yield from iter(lambda: handle.read(CHUNK), b"")

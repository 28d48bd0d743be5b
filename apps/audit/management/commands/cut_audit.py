import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.audit.cutting import SHORTEST, entries_cut
from apps.common.errors import DomainError, Invalid


@dataclass(frozen=True)
class Operator:
    """Who has the portal's console."""

    label: str
    kind: str = "portal"
    user_id: int | None = None
    token_id: int | None = None


class Command(BaseCommand):
    help = (
        "Exports the oldest sealed entries of the audit trail into a new file, checks it, and deletes "
        "them. The seals stay, so the chain can be verified as before; the cut is an entry itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        text = f"entries older than this go; at least {SHORTEST}"
        parser.add_argument("--older-than-days", type=int, required=True, metavar="N", help=text)
        parser.add_argument(
            "--export", type=Path, required=True, metavar="FILE", help="must not exist; .jsonl.gz"
        )
        parser.add_argument(
            "--by", required=True, metavar="NAME", help="who does it, for the trail"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        operator = Operator(f"portal: cut_audit by {options['by']} ({getpass.getuser()})")
        path: Path = options["export"]
        try:
            cut = entries_cut(actor=operator, days=options["older_than_days"], path=path)
        except (DomainError, OSError) as error:
            raise CommandError(_words(error)) from error
        self.stdout.write(
            f"{cut.entries} entries of {cut.first_at:%Y-%m-%d} to {cut.last_at:%Y-%m-%d} are in {path} "
            f"(SHA-256 {cut.export_sha256}) and no longer in the trail."
        )


def _words(error: Exception) -> str:
    if isinstance(error, Invalid):
        return " ".join(text for texts in error.fields.values() for text in texts)
    return str(getattr(error, "message", error))

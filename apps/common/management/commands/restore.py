from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common.backup.reading import backup_check, backup_restore
from apps.common.errors import DomainError, Invalid


class Command(BaseCommand):
    help = (
        "Restores an archive of `backup` into an empty database of the same release (run migrate "
        "first), and compares every table and file with it. Run verify_audit behind it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument(
            "--check", action="store_true", help="only read and compare the archive"
        )

    def handle(self, *args: Any, path: Path, check: bool, **options: Any) -> None:
        try:
            manifest = backup_check(path) if check else backup_restore(path)
        except Invalid as error:
            said = (text for texts in error.fields.values() for text in texts)
            raise CommandError(" ".join(said)) from error
        except DomainError as error:
            raise CommandError(error.message) from error
        done = "is whole" if check else "is restored, and every digest agrees"
        self.stdout.write(
            f"The backup of {manifest.made_at} {done}: {manifest.rows} rows of "
            f"{len(manifest.tables)} tables, {len(manifest.files)} files."
        )

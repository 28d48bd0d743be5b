from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common.backup.writing import backup_write


class Command(BaseCommand):
    help = (
        "Writes all rows of one moment and all raw files into one archive, while the portal runs. It "
        "holds everything that the portal knows: keep it as such, and the variables apart from it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the archive to write; it must not exist")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        if path.exists():
            raise CommandError(f"{path} exists already.")
        try:
            written = backup_write(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from error
        rows = sum(each["rows"] for each in written.tables.values())
        self.stdout.write(
            f"{path}: {rows} rows of {len(written.tables)} tables, {len(written.files)} files, "
            f"{path.stat().st_size / 2**20:.1f} MiB."
        )

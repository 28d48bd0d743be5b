from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.audit.cutting import export_check
from apps.audit.models import AuditCut
from apps.audit.sealing import Verdict, entries_seal, verify
from apps.common.errors import Invalid


class Command(BaseCommand):
    help = (
        "Computes every seal of the audit trail again and says what does not agree. "
        "Exit code 1 when something was changed, removed or added afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect", default="", metavar="DIGEST", help="a digest kept elsewhere, e.g. in a log"
        )
        parser.add_argument(
            "--seal", action="store_true", help="seal what is not sealed yet, first"
        )

        parser.add_argument(
            "--export", type=Path, metavar="FILE", help="an export of cut_audit, to be checked too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seal"]:
            entries_seal()
        if options["export"]:
            self._check_export(options["export"])
        verdict = verify(options["expect"])
        for fault in verdict.faults:
            where = f" (entries {fault.first_id} to {fault.last_id})" if fault.last_id else ""
            self.stderr.write(f"{fault.text}{where}")
        self.stdout.write(
            f"{verdict.sealed} entries under {verdict.seals} seals, "
            f"{verdict.open_entries} not sealed yet{_cut_words(verdict)}. Newest digest: {verdict.newest or 'none'}"
        )
        if verdict.faults:
            raise CommandError("The audit trail does not agree with its seals.")
        self.stdout.write("All seals agree.")

    def _check_export(self, path: Path) -> None:
        """Raises: CommandError when it is not one of the files whose entries were cut."""
        try:
            exported = export_check(path)
        except Invalid as error:
            raise CommandError(error.fields["export"][0]) from error
        except OSError as error:
            raise CommandError(str(error)) from error
        if not AuditCut.objects.filter(
            through_id=exported.through_id, export_sha256=exported.sha256
        ).exists():
            raise CommandError(f"{path} is not what was exported before a cut.")
        self.stdout.write(
            f"{path}: {exported.entries} entries under {exported.seals} seals agree with the cut."
        )


def _cut_words(verdict: Verdict) -> str:
    return f", {verdict.cut} cut after they were exported" if verdict.cut else ""

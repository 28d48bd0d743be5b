from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.audit.sealing import entries_seal, verify


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

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seal"]:
            entries_seal()
        verdict = verify(options["expect"])
        for fault in verdict.faults:
            where = f" (entries {fault.first_id} to {fault.last_id})" if fault.last_id else ""
            self.stderr.write(f"{fault.text}{where}")
        self.stdout.write(
            f"{verdict.sealed} entries under {verdict.seals} seals, "
            f"{verdict.open_entries} not sealed yet. Newest digest: {verdict.newest or 'none'}"
        )
        if verdict.faults:
            raise CommandError("The audit trail does not agree with its seals.")
        self.stdout.write("All seals agree.")

from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.actors import portal_actor
from apps.sources.services.credentials import credentials_rotate


class Command(BaseCommand):
    help = (
        "Seals all credentials anew under the first key of SECOPS_CREDENTIAL_KEYS. Put the new key "
        "in front, restart, run this, then take the old key away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, lost = credentials_rotate(actor=portal_actor("rotate_credentials"))
        self.stdout.write(f"{done} sealed under the newest key.")
        if lost:
            self.stderr.write(f"{lost} are opened by no key; the log names them.")
            raise SystemExit(1)

from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.actors import portal_actor
from apps.accounts.services.factors import factors_reseal
from apps.accounts.services.providers import providers_reseal
from apps.outbound.services.keys import webhooks_reseal
from apps.removals.services import removals_reseal
from apps.sources.services.credentials import credentials_rotate
from apps.trackers.services.keys import trackers_reseal


class Command(BaseCommand):
    help = (
        "Seals all credentials, authenticator apps, secrets of sign-in providers, keys of webhooks "
        "and tokens of trackers, also of what was removed lately, anew under the first key of "
        "SECOPS_CREDENTIAL_KEYS. Put the new key in front, restart, run this, then take the old "
        "key away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        counted = (
            credentials_rotate(actor=portal_actor("rotate_credentials")),
            factors_reseal(),
            providers_reseal(),
            webhooks_reseal(),
            trackers_reseal(),
            removals_reseal(),
        )
        done, lost = (sum(numbers) for numbers in zip(*counted, strict=True))
        self.stdout.write(f"{done} sealed under the newest key.")
        if lost:
            self.stderr.write(f"{lost} are opened by no key; the log names the credentials.")
            raise SystemExit(1)

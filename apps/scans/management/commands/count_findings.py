from typing import Any

from django.core.management.base import BaseCommand

from apps.scans.models import Series
from apps.scans.services.counts import count_locked


class Command(BaseCommand):
    help = (
        "Counts the findings of every series again and keeps the numbers that pages show. "
        "They are kept with every change; this is for databases that were changed by hand."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        numbers = list(Series.objects.order_by("pk").values_list("pk", flat=True))
        mended = sum(count_locked(number) for number in numbers)
        self.stdout.write(f"{len(numbers)} series are counted; {mended} had other numbers.")

import logging
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Runs the sweeper: sends unfinished reports, triage and runs again, plans due runs and "
        "delivers the outbox, until it is stopped. "
        "It needs PostgreSQL only; run one or several."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        while not stop.is_set():
            self._round()
            stop.wait(settings.SECOPS_SWEEP_SECONDS)

    def _round(self) -> None:
        close_old_connections()
        for path in settings.SECOPS_SWEEPS:
            try:
                import_string(path)()
            except Error:
                # The database may be restarting; the next round finds everything as it was.
                logger.exception("%s failed in this round of the sweeper", path)

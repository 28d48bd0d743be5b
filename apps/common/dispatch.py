"""Sending Celery tasks by name. A broker that is away is logged and never the caller's problem:
whatever must not be lost is a row in PostgreSQL, and a sweeper sends it again."""

import logging

from celery import current_app
from kombu.exceptions import KombuError

logger = logging.getLogger(__name__)

BROKER_ERRORS = (OSError, KombuError)


def send(task: str, *args: object) -> bool:
    """Send a task; return whether the broker took it."""
    try:
        current_app.send_task(task, args=args, retry=False)
    except BROKER_ERRORS as error:
        logger.warning(
            "the broker did not take %s: %s; the sweeper will send it again", task, error
        )
        return False
    return True

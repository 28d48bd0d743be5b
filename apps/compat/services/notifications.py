"""What monitoring posts by itself: Alertmanager's notifications and Falco's events become reports.

Neither sends a key of its own with a repeat, so that the key comes from what is said: one that is sent
again is the same report.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

from apps.accounts.actors import Actor
from apps.catalog.models import System
from apps.scans.models import Report
from apps.scans.services.receive import Claim, report_receive


@dataclass(frozen=True)
class Notification:
    """body: as it was sent. format: how it is read. identity: the sender's own number, if it has one."""

    format: str
    body: bytes
    identity: str = ""


def notification_receive(
    *,
    actor: Actor,
    system: System,
    notification: Notification,
    claim: Claim,
    key: str = "",
    today: dt.date,
) -> Report:
    """Take it in as a report; a repeat within the day gets the report that is there.

    The day is part of the key, so that an alert that goes on for weeks still shows that somebody
    watches. Raises: as report_receive.
    """
    return report_receive(
        actor=actor,
        system=system,
        claim=claim,
        chunks=[notification.body],
        idempotency_key=key or key_of(notification, claim, today),
    )


def key_of(notification: Notification, claim: Claim, today: dt.date) -> str:
    """At most 200 characters, as report_receive takes them."""
    said = "\n".join([claim.stage, claim.environment, claim.category, notification.identity])
    digest = hashlib.sha256(said.encode() + b"\n" + notification.body).hexdigest()
    return f"{notification.format}:{today.isoformat()}:{digest}"

"""What a tracker says by itself: that something changed. It is asked at once what it was.

SECURITY: nothing that a message says is believed; it only brings forward the next look, which goes
out with our own token. A message that is sent again does no more than that.
"""

import datetime as dt
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common import sealing
from apps.common.editing import lock_for_edit
from apps.common.errors import Conflict
from apps.trackers import dispatch
from apps.trackers.models import Mirror, Tracker, TrackerKind

SOONEST = dt.timedelta(seconds=5)  # between two looks, however many messages come
# GitHub: "Validating webhook deliveries"; Jira: "Webhooks", "Secure admin webhooks", whose method is
# named in the same header; GitLab: "Webhooks", "Secret token".
SIGNED = {
    TrackerKind.GITHUB: "X-Hub-Signature-256",
    TrackerKind.JIRA_CLOUD: "X-Hub-Signature",
    TrackerKind.JIRA_SERVER: "X-Hub-Signature",
}
TOKEN = "X-Gitlab-Token"  # noqa: S105  # a header's name


@transaction.atomic
def hook_make(*, actor: Actor, tracker: Tracker) -> str:
    """A secret for the tracker's messages, to show once; one from before opens nothing any more.

    Raises: NotPermitted, Conflict (no key to seal with).
    """
    require(actor, Permission.TRACKER_MANAGE)
    row = lock_for_edit(Tracker, tracker.pk, None)
    secret = secrets.token_urlsafe(32)
    row.hook_sealed = sealing.seal(_mark(row), secret)
    row.save()
    record(actor=actor, action="tracker.hook", target=row, changes={"secret": ["", "replaced"]})
    return secret


@transaction.atomic
def hook_end(*, actor: Actor, tracker: Tracker) -> None:
    """No message is taken any more. Raises: NotPermitted."""
    require(actor, Permission.TRACKER_MANAGE)
    row = lock_for_edit(Tracker, tracker.pk, None)
    told = {"takes_messages": [row.hook_sealed is not None, False]}
    row.hook_sealed, row.hook_at = None, None
    row.save()
    record(actor=actor, action="tracker.hook_end", target=row, changes=told)


def hook_take(uid: uuid.UUID, body: bytes, headers: Mapping[str, str]) -> bool:
    """Look soon at what changed, if the message is the tracker's. False: it is not, or there is none."""
    tracker = Tracker.objects.filter(uid=uid, hook_sealed__isnull=False).first()
    if tracker is None or not _is_its_own(tracker, body, headers):
        return False
    with transaction.atomic():
        row = Tracker.objects.select_for_update().filter(pk=tracker.pk).first()
        if row is not None:
            _look_soon(row)
    return True


def _look_soon(row: Tracker) -> None:
    now = timezone.now()
    is_first = row.hook_at is None or now - row.hook_at >= SOONEST
    # What comes right behind is seen by the sweeper, a minute later at most.
    soon = now if is_first else now + SOONEST
    row.follow_at = min(row.follow_at, soon)
    mirrors = Mirror.objects.filter(tracker=row, is_on=True, last_error="")
    is_mirrored = mirrors.filter(next_run_at__gt=soon).update(next_run_at=soon)
    if is_first:
        row.hook_at = now
        transaction.on_commit(dispatch.follow_tickets)
        if is_mirrored:
            transaction.on_commit(dispatch.mirror_issues)
    row.save(update_fields=["follow_at", "hook_at"])


def _is_its_own(tracker: Tracker, body: bytes, headers: Mapping[str, str]) -> bool:
    """Compared in constant time."""
    try:
        secret = sealing.unseal(_mark(tracker), bytes(tracker.hook_sealed or b""))
    except Conflict:  # no key opens it
        return False
    if tracker.kind == TrackerKind.GITLAB:
        return hmac.compare_digest(headers.get(TOKEN, "").encode(), secret.encode())
    said = headers.get(SIGNED[TrackerKind(tracker.kind)], "")
    made = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(said.encode(), made.encode())


def _mark(tracker: Tracker) -> uuid.UUID:
    """Its own name: put in the place of the token, it does not open."""
    return uuid.uuid5(tracker.uid, "messages")

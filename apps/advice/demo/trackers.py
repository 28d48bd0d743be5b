"""The demo's issue trackers: paused, since their servers exist in the story only, with the items that they brought."""

from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from apps.advice.demo.files import Record
from apps.advice.demo.organisation import Organisation
from apps.trackers.clients.types import Seen
from apps.trackers.services.mirroring import issues_take
from apps.trackers.services.mirrors import mirror_save
from apps.trackers.services.trackers import tracker_create, tracker_pause

_NO_TOKEN = "there-is-no-such-server"  # noqa: S105  # and so no token for it


def trackers_load(organisation: Organisation, records: Sequence[Record]) -> int:
    """Returns how many issues are mirrored: none where no key seals a token, without which no tracker is kept."""
    if not settings.SECOPS_CREDENTIAL_KEYS:
        return 0
    return sum(_load(organisation, record) for record in records)


def _load(organisation: Organisation, record: Record) -> int:
    actor, system = organisation.actor(record["by"]), organisation.systems[record["system"]]
    tracker = tracker_create(
        actor=actor,
        token=_NO_TOKEN,
        name=record["name"],
        kind=record["kind"],
        url=record["url"],
        project=record["project"],
        system=system,
    )
    mirror = mirror_save(
        actor=actor,
        tracker=tracker,
        version=None,
        is_on=True,
        system=system,
        routes={},
        **record["mirror"],
    )
    tally = issues_take(mirror, [_seen(record["url"], issue) for issue in record["issues"]])
    tracker_pause(actor=actor, tracker=tracker, is_paused=True)
    return tally.new


def _seen(url: str, issue: Record) -> Seen:
    """An issue as Jira has it. Its key stands for the number that Jira gives it besides."""
    return Seen(
        key=issue["key"],
        url=f"{url}/browse/{issue['key']}",
        is_closed=False,
        updated_at=timezone.now(),
        id=issue["key"],
        title=issue["title"],
        text=issue["text"].strip(),
    )

"""The title of an issue that a planning item refers to, asked of a connection of the organisation.

Only where one connection that serves the item's system is of that very project; else the item keeps
what was typed. An issue that not everyone in its project reads stays unsaid.
"""

import logging
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.common.errors import DomainError
from apps.common.outgoing import OutgoingFailed
from apps.planning.models import PlanningItem
from apps.planning.services.items import item_edit
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.models import Tracker, TrackerKind
from apps.trackers.services.lines import is_refused, line_of, went_wrong

logger = logging.getLogger(__name__)
LONGEST_TITLE, LONGEST_URL = 200, 500  # as PlanningItem holds them


def title_fetch(*, item_id: int) -> bool:
    """Give an item that is named by its reference the issue's title, and its address where it has none.

    Returns whether it was. Done again it finds another title there and leaves it. A tracker that does
    not answer costs nothing but the title.
    """
    item = PlanningItem.objects.select_related("system").filter(pk=item_id).first()
    if item is None or item.title not in {item.tracker_key, item.tracker_url}:
        return False
    found = [(each, key) for each in _connected(item) if (key := issue_of(each, item))]
    if len(found) != 1:
        return False
    tracker, key = found[0]
    try:
        issue = CLIENTS[tracker.kind].read(line_of(tracker), key)
    except OutgoingFailed as error:
        logger.warning("tracker %s did not say a title: %s", tracker.pk, error.message)
        if not is_refused(error):
            with transaction.atomic():
                went_wrong(tracker.pk, error)
        return False
    title = " ".join(issue.title.split())[:LONGEST_TITLE]
    return bool(title) and _name(item, title, issue.url)


def _name(item: PlanningItem, title: str, url: str) -> bool:
    values = {"title": title}
    if not item.tracker_url and url.startswith(("https://", "http://")) and len(url) <= LONGEST_URL:
        values["tracker_url"] = url
    try:
        item_edit(actor=portal_actor("trackers"), item=item, version=item.version, **values)
    except DomainError:  # somebody was faster, and knows better
        return False
    return True


def _connected(item: PlanningItem) -> list[Tracker]:
    rows = Tracker.objects.filter(Q(system=None) | Q(system=item.system_id), is_paused=False)
    return list(rows.filter(next_attempt_at__lte=timezone.now()))


def issue_of(tracker: Tracker, item: PlanningItem) -> str:
    """The key, at this tracker, of the issue that the item refers to; empty where it is not there."""
    if item.tracker_url and urlsplit(item.tracker_url).netloc.lower() != _site(tracker):
        return ""
    mark = "#" if tracker.kind in {TrackerKind.GITHUB, TrackerKind.GITLAB} else "-"
    project, _mark, number = item.tracker_key.rpartition(mark)
    if not (number.isascii() and number.isdigit()) or project.lower() != tracker.project.lower():
        return ""
    return number if mark == "#" else item.tracker_key.upper()


def _site(tracker: Tracker) -> str:
    """Where the tracker's pages are, which for GitHub is not where its API is."""
    host = urlsplit(tracker.url).netloc.lower()
    return host.removeprefix("api.") if host == "api.github.com" else host

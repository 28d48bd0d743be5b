"""The only writer of connections to issue trackers."""

import re
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import sealing
from apps.common.editing import lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.common.outgoing import OutgoingFailed, Policy, origin_of
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make
from apps.trackers import dispatch
from apps.trackers.clients.registry import CLIENTS
from apps.trackers.models import Tracker, TrackerKind
from apps.trackers.services.lines import line_of, went_well

_JIRA = (r"[A-Z][A-Z0-9_]{1,30}", "Give the project's key, such as PAY.")
PROJECTS = {
    TrackerKind.GITHUB: (r"[\w-][\w.-]*/[\w-][\w.-]*", "Give owner/repository."),
    TrackerKind.GITLAB: (
        r"[\w-][\w.-]*(/[\w-][\w.-]*)+|\d{1,18}",
        "Give group/project, or its number.",
    ),
    TrackerKind.JIRA_CLOUD: _JIRA,
    TrackerKind.JIRA_SERVER: _JIRA,
}
MOST_LABELS = 10


@transaction.atomic
def tracker_create(*, actor: Actor, token: str, **said: object) -> Tracker:
    """Connect a project of a tracker. said: as `_fill` takes it.

    Raises: NotPermitted, Invalid, Conflict (no key to seal with).
    """
    require(actor, Permission.TRACKER_MANAGE)
    row = Tracker(made_by=actor.user)
    _fill(row, token=token, needs_token=True, **said)  # type: ignore[arg-type]
    row.save()
    record(actor=actor, action="tracker.create", target=row, changes=_told(row))
    return row


def tracker_edit(
    *, actor: Actor, tracker: Tracker, version: int | None, token: str = "", **said: object
) -> Tracker:
    """An empty token keeps the one there is. Where tickets were filed the project stays, unless the
    tracker itself says that it was renamed. Raises: NotPermitted, Invalid, EditConflict, Conflict."""
    require(actor, Permission.TRACKER_MANAGE)
    is_renamed = _is_renamed(tracker, said)
    return _edit(
        actor=actor, tracker=tracker, version=version, token=token, is_renamed=is_renamed, **said
    )


def _is_renamed(tracker: Tracker, said: Mapping[str, object]) -> bool:
    """Asked outside of any transaction, and only where it matters."""
    project, same = str(said.get("project", "")).strip(), (said.get("kind"), said.get("url"))
    if project == tracker.project or same != (tracker.kind, tracker.url):
        return False
    if not _is_used(tracker):
        return False
    try:
        now = CLIENTS[tracker.kind].whereabouts(line_of(tracker))
    except (OutgoingFailed, Conflict):
        return False
    return now.lower() == project.lower()


def _is_used(tracker: Tracker) -> bool:
    return tracker.tickets.exists() or tracker.mirrored.exists()


@transaction.atomic
def _edit(
    *,
    actor: Actor,
    tracker: Tracker,
    version: int | None,
    token: str,
    is_renamed: bool,
    **said: object,
) -> Tracker:
    row = lock_for_edit(Tracker, tracker.pk, version)
    before, used = _told(row), _is_used(row)
    place = (row.kind, row.project)
    # SECURITY: a token is for the server that it was given for; another one does not get to see it.
    _fill(row, token=token, needs_token=row.url != said.get("url"), **said)  # type: ignore[arg-type]
    if used and not is_renamed and place != (row.kind, row.project):
        text = "Tickets or planning items are of it. Connect the other project besides this."
        raise Invalid({"project": text})
    row.failing_since, row.failures, row.last_error = None, 0, ""
    row.next_attempt_at = timezone.now()  # whoever mended it waits for nothing
    row.save()
    after = _told(row)
    changes = {each: [before[each], after[each]] for each in after if before[each] != after[each]}
    if token:
        changes["token"] = ["", "replaced"]
    record(actor=actor, action="tracker.edit", target=row, changes=changes)
    transaction.on_commit(dispatch.file_tickets)
    return row


@transaction.atomic
def tracker_pause(*, actor: Actor, tracker: Tracker, is_paused: bool) -> Tracker:
    """Paused, nothing is filed or asked there; what waits goes out when it goes on."""
    require(actor, Permission.TRACKER_MANAGE)
    row = lock_for_edit(Tracker, tracker.pk, None)
    told = {"is_paused": [row.is_paused, is_paused]}
    row.is_paused = is_paused
    if not is_paused:
        row.failures, row.next_attempt_at = 0, timezone.now()
    row.save()
    action = "tracker.pause" if is_paused else "tracker.resume"
    record(actor=actor, action=action, target=row, changes=told)
    if not is_paused:
        transaction.on_commit(dispatch.file_tickets)
    return row


@transaction.atomic
def tracker_delete(*, actor: Actor, tracker: Tracker) -> Removal:
    """With what is known of its tickets; in the tracker they stay. All of it can be put back."""
    require(actor, Permission.TRACKER_MANAGE)
    row = lock_for_edit(Tracker, tracker.pk, None)
    record(actor=actor, action="tracker.delete", target=row, changes=_told(row))
    return removal_make(actor=actor, kind=TRACKER.name, row=row)


def tracker_test(*, actor: Actor, tracker: Tracker) -> str:
    """What its project says, in a sentence. Nothing is filed.

    Raises: NotPermitted, OutgoingFailed (what is wrong, in plain words), Conflict (no key opens the token).
    """
    require(actor, Permission.TRACKER_MANAGE)
    record(actor=actor, action="tracker.test", target=tracker)
    seen = CLIENTS[tracker.kind].probe(line_of(tracker))
    went_well(tracker.pk)
    return seen


def _fill(
    row: Tracker,
    *,
    token: str,
    needs_token: bool,
    name: str,
    kind: str,
    url: str,
    project: str,
    system: System | None = None,
    labels: Sequence[str] = (),
    issue_type: str = "",
    username: str = "",
    closes_fixed: bool = False,
) -> None:
    """Raises: Invalid, with each field that cannot be; Conflict where there is no key to seal with."""
    name, url, project, token = (
        name.strip(),
        url.strip().rstrip("/"),
        project.strip(),
        token.strip(),
    )
    problems = _problems_of_place(kind, url, project)
    problems |= _problems_of_name(row, name) | _problems_of_issues(labels, issue_type)
    problems |= _problems_of_secret(kind, username, token, is_needed=needs_token)
    if problems:
        raise Invalid(problems)
    row.name, row.kind, row.url, row.project, row.system = name, kind, url, project, system
    row.closes_fixed = closes_fixed
    row.labels, row.username = list(dict.fromkeys(labels)), username.strip()
    row.issue_type = (issue_type.strip() or "Bug") if kind.startswith("jira") else ""
    if token:
        row.sealed = sealing.seal(row.uid, token)


def _problems_of_place(kind: str, url: str, project: str) -> dict[str, str]:
    if kind not in TrackerKind.values:
        return {"kind": f"Choose one of {', '.join(TrackerKind.values)}."}
    problems = dict[str, str]()
    pattern, help_text = PROJECTS[TrackerKind(kind)]
    if len(project) > 200 or not re.fullmatch(pattern, project):
        problems["project"] = help_text
    try:
        Policy.from_settings().check_url(url)
        origin_of(url)
    except OutgoingFailed as error:
        problems["url"] = error.message
    if len(url) > 500 or "?" in url or "#" in url:
        problems["url"] = "Give an address without ? and #, of at most 500 characters."
    return problems


def _problems_of_name(row: Tracker, name: str) -> dict[str, str]:
    if not name or len(name) > 120 or not name.isprintable():
        return {"name": "Give a name of at most 120 characters."}
    if Tracker.objects.filter(name=name).exclude(pk=row.pk).exists():
        return {"name": "There is a tracker of this name already."}
    return {}


def _problems_of_issues(labels: Sequence[str], issue_type: str) -> dict[str, str]:
    problems = dict[str, str]()
    # Jira takes no blank in a label; a comma parts them at GitLab.
    fit = all(re.fullmatch(r"[\w.:/-]{1,50}", each) for each in labels)
    if len(labels) > MOST_LABELS or not fit:
        problems["labels"] = "At most 10 labels of letters, digits and . : / - _"
    if len(issue_type) > 60 or not issue_type.isprintable():
        problems["issue_type"] = "At most 60 printable characters."
    return problems


def _problems_of_secret(kind: str, username: str, token: str, *, is_needed: bool) -> dict[str, str]:
    said = dict[str, str]()
    if is_needed and not token:
        said |= {"token": "Give the token; it is bound to this address."}
    elif len(token) > 1000 or not (token.isprintable() and token.isascii()):
        said |= {"token": "This does not look like a token."}
    plain = username.isprintable() and username.isascii() and ":" not in username
    if len(username) > 200 or not plain:
        said |= {"username": "This does not look like a user name or mail address."}
    elif kind == TrackerKind.JIRA_CLOUD and not username:
        said |= {"username": "Jira Cloud needs the mail address that the token belongs to."}
    return said


def _told(row: Tracker) -> dict[str, object]:
    return {
        "name": row.name,
        "kind": row.kind,
        "url": row.url,
        "project": row.project,
        "labels": list(row.labels),
        "issue_type": row.issue_type,
        "username": row.username,
        "closes_fixed": row.closes_fixed,
        "system": row.system.key if row.system else None,
    }


def _tracker_returned(_actor: Actor, _tracker: Tracker) -> None:
    transaction.on_commit(dispatch.file_tickets)


TRACKER = Kind(
    name="tracker",
    label=_("Issue tracker"),
    icon="clipboard-list",
    permission=Permission.TRACKER_MANAGE,
    taken="There is another tracker of that name by now; give that one another name first.",
    page=lambda tracker: reverse("tracker-detail", args=[tracker.pk]),
    note=_("Items that came from another tracker meanwhile stay with that one."),
    returned=_tracker_returned,
)

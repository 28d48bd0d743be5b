"""Django's administration: every registered model, for everybody there is, and the one rule of whom one reaches."""

import time
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.accounts.models import PersonSession, User
from apps.accounts.roles import Role
from apps.accounts.services.people import person_staff_set
from apps.accounts.signing_in import SURE
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from apps.catalog.services import component_create, system_archive
from apps.common.errors import NotPermitted
from tests.accounts.test_policy import fill
from tests.accounts.test_routes import FIELDS
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_ci_token,
    make_guidance,
    make_item,
    make_system,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db

# Which of the four pages of a model somebody opens who has all of Django's permissions for it. What is not named is
# to look at only: its list and, without a button that saves, one of it.
READ = {"list", "one"}
# Nobody is taken away, and no system that holds anything.
WRITTEN = READ | {"add", "change"}
WRITES = {"accounts.user": WRITTEN, "catalog.system": WRITTEN}
MODELS = {
    *("accounts.apitoken", "accounts.membership", "accounts.team", "accounts.user"),
    *("audit.auditentry", "catalog.system", "common.outboxdelivery", "guidance.guidance"),
    *("scans.report", "scans.series", "sources.credential", "sources.source", "sources.sourcerun"),
    *("django_celery_beat.clockedschedule", "django_celery_beat.crontabschedule"),
    *("django_celery_beat.intervalschedule", "django_celery_beat.periodictask"),
    "django_celery_beat.solarschedule",
}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session[SURE] = time.time()
    session.save()
    return client


def registered() -> dict[str, type[Model]]:
    return {model._meta.label_lower: model for model in admin.site._registry}


def make_staff(user: User, *, allowed: bool, is_superuser: bool = False) -> User:
    """With all of Django's permissions, or none."""
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=is_superuser)
    user.user_permissions.set(Permission.objects.all() if allowed else [])
    return User.objects.get(pk=user.pk)


def opened(client: Client, label: str, row: Model | None) -> Iterator[str]:
    """The names of the pages of a model that open, or that take what is sent; nothing stays."""
    app, _, name = label.partition(".")
    pages = {"list": ("changelist", None, "get"), "add": ("add", None, "post")}
    if row is not None:
        pages |= {"one": ("change", row.pk, "get"), "change": ("change", row.pk, "post")}
        pages["remove"] = ("delete", row.pk, "post")
    for word, (page, pk, method) in pages.items():
        address = reverse(f"admin:{app}_{name}_{page}", args=[] if pk is None else [pk])
        with transaction.atomic():
            answer = getattr(client, method)(address, {})
            transaction.set_rollback(True)
        leads_to = answer.headers.get("Location", "")
        assert answer.status_code in {200, 302, 403}, (address, answer.status_code)
        if answer.status_code != 403 and "/admin/login/" not in leads_to:
            yield word


def test_the_registry_is_known() -> None:
    """A model that is registered anew gets a row: what is done to it here goes around its services."""
    assert set(registered()) == MODELS


def test_who_opens_what(people: People) -> None:
    fill(people.system)
    make_guidance(published=True)
    make_ci_token(people.system)
    make_team("Harbour")
    every = IntervalSchedule.objects.create(every=1, period="days")
    PeriodicTask.objects.create(name="Daily", task="none", interval=every)
    target = make_user("Tara Target", role=Role.VIEWER)
    rows = {
        label: target if model is User else model._default_manager.order_by("pk").first()
        for label, model in registered().items()
    }
    wrong = []
    for name, field in FIELDS.items():
        user = getattr(people, field)
        # A superuser may all, whatever the role: one without any and one with the highest stand for the others.
        superusers = ["superuser"] if name in {"nobody", "admin"} else []
        for kind in ("person", "staff", "staff with permissions", *superusers):
            allowed = kind in {"staff with permissions", "superuser"}
            if kind != "person":
                user = make_staff(user, allowed=allowed, is_superuser=kind == "superuser")
            client = signed_in(user)
            for label, row in rows.items():
                may = READ | (WRITES.get(label, READ) if name == "admin" else READ)
                expected = {word for word in may if allowed and (row or word in {"list", "add"})}
                got = set(opened(client, label, row))
                if got != expected:
                    wrong.append(
                        f"{label} as {name}, {kind}: {sorted(got)}, not {sorted(expected)}"
                    )
    assert not wrong, "\n".join(wrong)


def test_nobody_comes_in_unknown() -> None:
    for label in registered():
        app, _, name = label.partition(".")
        answer = Client().get(reverse(f"admin:{app}_{name}_changelist"))
        assert answer.status_code == 302
        assert "/sign-in/" in answer["Location"] or "/admin/login/" in answer["Location"]


def page_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def typed(user: User, **changes: object) -> dict[str, object]:
    form = {"email": user.email, "name": user.name, "role": user.role, "is_active": "on"} | changes
    return {name: value for name, value in form.items() if value != ""}


def test_admins_and_staff_are_out_of_reach_of_staff(people: People) -> None:
    """Not superusers alone: whoever changed an admin's address would have won over that admin."""
    client = signed_in(make_staff(people.admin, allowed=True))
    peer = make_user("Petra Peer", role=Role.ADMIN)
    helper = make_user("Stan Staff", is_staff=True)
    root = make_user("Ruth Root", role=Role.ADMIN, is_staff=True, is_superuser=True)
    listed = reverse("admin:accounts_user_changelist")
    for other in (peer, helper, root):
        assert client.get(page_of(other)).status_code == 200  # to look at
        assert (
            client.post(page_of(other), typed(other, email="mine@example.org")).status_code == 403
        )
        PersonSession.objects.create(user=other, session_key=f"k{other.pk}")
        for action in ("make_password_link", "end_sessions", "take_factors_away"):
            client.post(listed, {"action": action, "_selected_action": [other.pk]})
        assert other.sessions.count() == 1
        assert not other.password_links.exists()
        other.refresh_from_db()
        assert other.email != "mine@example.org"
    said = typed(people.viewer, name="Vera V.", role="admin", is_staff="on", is_superuser="on")
    assert client.post(page_of(people.viewer), said).status_code == 302
    people.viewer.refresh_from_db()
    shown = people.viewer
    assert (shown.name, shown.role, shown.is_staff, shown.is_superuser) == (
        "Vera V.",
        "",
        False,
        False,
    )


def test_a_superuser_reaches_all_but_their_own_rights(people: People) -> None:
    root = make_user("Ruth Root", role=Role.ADMIN, is_staff=True, is_superuser=True)
    client = signed_in(root)
    peer = make_user("Petra Peer", role=Role.ADMIN)
    assert client.post(page_of(peer), typed(peer, role="viewer", is_staff="on")).status_code == 302
    peer.refresh_from_db()
    assert (peer.role, peer.is_staff) == ("viewer", True)
    entries = AuditEntry.objects.filter(object_type="user", object_id=str(peer.pk))
    assert {entry.action: entry.changes for entry in entries} == {
        "person.edit": {"role": ["admin", "viewer"]},
        "person.staff": {"is_staff": [False, True]},
    }
    own = {"email": root.email, "name": "Ruth R.", "role": "viewer"}  # and no box ticked
    assert client.post(page_of(root), own).status_code == 302
    root.refresh_from_db()
    assert (root.name, root.role, root.is_staff, root.is_superuser, root.is_active) == (
        *("Ruth R.", "admin", True, True, True),
    )


def test_who_is_switched_off_there_is_out_and_on_record(people: People) -> None:
    client = signed_in(make_staff(people.admin, allowed=True))
    vic = make_user("Vic Viewer", role=Role.VIEWER)
    PersonSession.objects.create(user=vic, session_key="k")
    team = make_team("Harbour")
    said = typed(vic, is_active="", teams=[team.pk])
    assert client.post(page_of(vic), said).status_code == 302
    vic.refresh_from_db()
    assert (vic.is_active, list(vic.teams.all()), vic.sessions.count()) == (False, [team], 0)
    entry = AuditEntry.objects.get(action="person.edit")
    assert entry.user_id == people.admin.pk
    assert entry.changes == {"is_active": [True, False], "teams": [[], [team.key]]}


def test_staff_gives_itself_no_team(people: People) -> None:
    """A team may hold roles: to join one is to take them."""
    staff = make_staff(people.admin, allowed=True)
    team = make_team("Harbour")
    said = typed(staff, name="Ada A.", teams=[team.pk])
    assert signed_in(staff).post(page_of(staff), said).status_code == 302
    staff.refresh_from_db()
    assert (staff.name, staff.teams.count(), staff.role) == ("Ada A.", 0, "admin")


def test_only_superusers_make_staff(people: People) -> None:
    root = make_user("Ruth Root", role=Role.ADMIN, is_staff=True, is_superuser=True)
    for actor, other in (
        (people.admin, people.viewer),
        (people.viewer, people.viewer),
        (root, root),
    ):
        with pytest.raises(NotPermitted):
            person_staff_set(actor=actor_of(actor), user=other, is_staff=True, is_superuser=True)
    assert User.objects.filter(is_superuser=True).get() == root


def test_a_system_changed_there_is_on_record(people: People) -> None:
    client = signed_in(make_staff(people.admin, allowed=True))
    system = people.system
    page = reverse("admin:catalog_system_change", args=[system.pk])
    form = {
        "key": system.key,
        "name": "Payments and more",
        "criticality": "3",
        "default_branch": "main",
    }
    none = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
    inlines = {
        f"{name}s-{word}": value
        for name in ("component", "environment")
        for word, value in none.items()
    }
    assert client.post(page, form | inlines).status_code == 302
    entry = AuditEntry.objects.get(action="system.edit")
    assert (entry.system_id, entry.user_id) == (system.pk, people.admin.pk)
    assert "Name" in str(entry.changes)
    assert System.objects.get(pk=system.pk).name == "Payments and more"


@pytest.mark.parametrize("is_superuser", [False, True])
def test_only_a_system_that_nothing_names_is_removed_there(
    people: People, *, is_superuser: bool
) -> None:
    """Decisions, risks and reports go nowhere with their system; Django asks about registered models alone."""
    client = signed_in(make_staff(people.admin, allowed=True, is_superuser=is_superuser))
    planned, mistake = make_system("planned", "Planned"), make_system("mistake", "Mistake")
    make_item(planned)
    component_create(actor=actor_of(people.admin), system=mistake, key="part", name="Part")
    for system, status in ((people.other_system, 403), (planned, 403), (mistake, 302)):
        page = reverse("admin:catalog_system_delete", args=[system.pk])
        assert client.post(page, {"post": "yes"}).status_code == status
    listed = reverse("admin:catalog_system_changelist")
    asked = {"action": "delete_selected", "_selected_action": [planned.pk], "post": "yes"}
    client.post(listed, asked)
    assert AuditEntry.objects.get(action="system.remove").object_label == "Mistake"
    assert set(System.objects.values_list("key", flat=True)) == {"payments", "payroll", "planned"}


def test_an_archived_system_is_changed_there_no_more(people: People) -> None:
    client = signed_in(make_staff(people.admin, allowed=True, is_superuser=True))
    system_archive(actor=actor_of(people.admin), system=people.system, because="Switched off")
    page = reverse("admin:catalog_system_change", args=[people.system.pk])
    assert client.get(page).status_code == 200  # to look at
    assert client.post(page, {"key": "mine", "name": "Mine"}).status_code == 403


def test_a_key_is_refused_there_as_on_the_pages(people: People) -> None:
    """Uploads find a system by its repository's name however that is spelt."""
    client = signed_in(make_staff(people.admin, allowed=True))
    form = {"name": "Twin", "criticality": "3", "default_branch": "main"}
    parts = ("components", "environments")
    forms = {f"{part}-{word}_FORMS": "0" for part in parts for word in ("TOTAL", "INITIAL")}
    for key, told in (("PAYMENTS", "There is a system"), ("new", "Take another key")):
        answer = client.post(reverse("admin:catalog_system_add"), form | forms | {"key": key})
        assert told in answer.content.decode()
    assert System.objects.count() == 2

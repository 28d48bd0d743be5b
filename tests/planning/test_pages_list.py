"""The list of planning items and the board."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AuditEntry
from apps.planning.models import PlanningItem
from apps.planning.services.decisions import decision_record, recommendation_make
from apps.planning.views import PAGE
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_question, make_statement

LIST, BOARD = "/planning/", "/planning/?view=board"


@pytest.fixture
def items(people: People) -> dict[str, PlanningItem]:
    return {
        "invoices": make_item(
            people.system, title="Receive invoices", stage="code", kind="story", tracker_key="PAY-7"
        ),
        "refunds": make_item(
            people.system, title="Refund by hand", stage="plan", kind="epic", status="idea"
        ),
        "salaries": make_item(people.other_system, title="Pay salaries", stage="code"),
    }


def _titles(client: Client, address: str) -> set[str]:
    context = client.get(address).context
    found = context.get("items", [])
    columns = context.get("columns", [])
    shown = [*found, *(item for column, _ in columns for item in column.items)]
    return {item.title for item in shown}


@pytest.mark.parametrize("address", [LIST, BOARD])
@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("viewer", {"Receive invoices", "Refund by hand"}),
        ("architect", {"Receive invoices", "Refund by hand"}),
        ("outsider", {"Pay salaries"}),
        ("nobody", set()),
        ("chief", {"Receive invoices", "Refund by hand", "Pay salaries"}),
    ],
)
def test_each_person_sees_the_items_of_their_systems(
    *,
    client: Client,
    people: People,
    items: dict[str, PlanningItem],
    who: str,
    sees: set[str],
    address: str,
) -> None:
    client.force_login(getattr(people, who))
    assert _titles(client, address) == sees


@pytest.mark.parametrize("view", ["", "&view=board"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stage=code", {"Receive invoices", "Pay salaries"}),
        ("status=idea", {"Refund by hand"}),
        ("kind=epic", {"Refund by hand"}),
        ("system=payroll", {"Pay salaries"}),
        ("q=pay-7", {"Receive invoices"}),
        ("q=refund", {"Refund by hand"}),
        ("stage=code&system=payments", {"Receive invoices"}),
        ("stage=nonsense&status=%00", {"Receive invoices", "Refund by hand", "Pay salaries"}),
        ("q=no+such+words", set()),
    ],
)
def test_filters_live_in_the_address(
    *,
    client: Client,
    people: People,
    items: dict[str, PlanningItem],
    query: str,
    found: set[str],
    view: str,
) -> None:
    client.force_login(people.chief)
    assert _titles(client, f"{LIST}?{query}{view}") == found


def test_a_filter_is_kept_under_a_name_by_its_person_alone(
    client: Client, people: People, items: dict[str, PlanningItem]
) -> None:
    client.force_login(people.viewer)
    for filters in (
        "stage=plan",
        "stage=code&view=board&next=//example.org",
    ):  # the later one holds
        given = {"name": "My code", "filters": filters}
        answer = client.post("/planning/filters/", given)
    assert answer["Location"] == "/planning/?stage=code&view=board"
    page = client.get(LIST)
    ((saved, address),) = page.context["saved"]
    assert address == "/planning/?stage=code&view=board"
    assert 'href="/planning/?stage=code&amp;view=board"' in page.content.decode()
    entry = AuditEntry.objects.filter(action="filter.save").latest("id")
    assert (entry.user_id, entry.object_label) == (people.viewer.pk, "My code")

    client.force_login(people.chief)
    assert client.get(LIST).context["saved"] == []
    assert client.post(f"/planning/filters/{saved.pk}/remove/").status_code == 404
    client.force_login(people.viewer)
    assert client.post(f"/planning/filters/{saved.pk}/remove/").status_code == 302
    assert client.get(LIST).context["saved"] == []


def test_a_filter_without_a_name_or_one_too_many_is_refused(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.planning.services.filters.MAX_SAVED", 1)
    client.force_login(people.viewer)
    for name in ("", "x" * 61, "nul\x00", "first", "second"):
        client.post("/planning/filters/", {"name": name, "filters": "stage=code"})
    client.post("/planning/filters/", {"name": "first", "filters": "q=" + "\N{BUG}" * 300})
    kept = [(saved.name, saved.query) for saved, _ in client.get(LIST).context["saved"]]
    assert kept == [("first", "stage=code")]


def test_a_key_finds_its_item(
    client: Client, people: People, items: dict[str, PlanningItem]
) -> None:
    client.force_login(people.chief)
    assert _titles(client, f"{LIST}?q={items['salaries'].key.lower()}") == {"Pay salaries"}


def test_an_active_filter_can_be_taken_away_alone(
    client: Client, people: People, items: dict[str, PlanningItem]
) -> None:
    client.force_login(people.chief)
    page = client.get(f"{LIST}?stage=code&kind=story").content.decode()
    assert 'href="/planning/?kind=story" aria-label="Remove filter Stage Code"' in page
    assert 'href="/planning/?stage=code" aria-label="Remove filter Kind Story"' in page


def test_the_list_is_paged_by_key_and_nothing_is_lost(client: Client, people: People) -> None:
    for _ in range(PAGE + 3):
        make_item(people.system, stage="build")
    client.force_login(people.viewer)
    first = client.get(f"{LIST}?stage=build")
    second = client.get(first.context["next_url"])
    ids = [item.pk for item in [*first.context["items"], *second.context["items"]]]
    assert len(first.context["items"]) == PAGE
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == PAGE + 3
    assert second.context["next_url"] == ""
    assert second.context["first_url"] == "/planning/?stage=build"


def test_the_board_counts_what_it_does_not_show(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.planning.views.BOARD_COLUMN", 2)
    for _ in range(5):
        make_option(make_item(people.system, status="idea"))
    client.force_login(people.viewer)
    page = client.get(BOARD)
    column = next(each for each, _ in page.context["columns"] if each.status == "idea")
    assert (column.total, len(column.items), column.hidden) == (5, 2, 3)
    assert "3 more in the list" in page.content.decode()


@pytest.mark.parametrize("address", [LIST, BOARD])
def test_the_number_of_queries_does_not_grow(client: Client, people: People, address: str) -> None:
    client.force_login(people.chief)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    item = make_item(people.system)
    make_question(item)
    make_statement(option=make_option(item), published=True)
    few = queries()
    for _ in range(12):
        item = make_item(people.system)
        make_statement(option=make_option(item), published=True)
        make_option(item)
        make_question(item)
    assert queries() == few


def test_only_who_may_write_is_offered_a_new_item(client: Client, people: People) -> None:
    for who, offered in (("viewer", False), ("nobody", False), ("architect", True)):
        client.force_login(getattr(people, who))
        assert ("/planning/new/" in client.get(LIST).content.decode()) is offered, who


def _move(client: Client, item: PlanningItem, status: str, **more: object) -> str:
    """Move a card as the board's button does; gives the address one comes back to."""
    said = {"status": status, "version": item.version, "filters": "view=board&stage=code"} | more
    answer = client.post(f"/planning/{item.key}/move/", said)
    return answer.headers.get("Location", str(answer.status_code))


def test_a_card_is_moved_and_the_board_stays_as_it_was_filtered(
    client: Client, people: People, items: dict[str, PlanningItem]
) -> None:
    item = items["invoices"]
    client.force_login(people.architect)
    assert f'action="/planning/{item.key}/move/"' in client.get(BOARD).content.decode()
    assert _move(client, item, "done") == f"/planning/?stage=code&view=board#{item.key}"
    assert _status(item) == "done"
    _move(client, item, "idea")  # the version of before: somebody was faster
    assert _status(item) == "done"
    item.refresh_from_db()
    _move(client, item, "decided")  # by a decision only
    assert _status(item) == "done"


def test_a_moved_card_goes_back_with_one_button(
    client: Client, people: People, items: dict[str, PlanningItem]
) -> None:
    item = items["invoices"]
    client.force_login(people.architect)
    _move(client, item, "done")
    moved = client.get(BOARD).context["moved"]
    assert (moved["item"], moved["now"], moved["back"]) == (item.pk, "done", "open")
    assert "Undo the move" not in client.get(BOARD).content.decode()  # said once
    _move(client, item, moved["back"], version=moved["version"])
    assert _status(item) == "open"
    _move(client, item, moved["back"], version=moved["version"])  # pressed a second time
    assert "Somebody changed" in client.get(BOARD).content.decode()


def test_no_way_back_is_offered_where_the_rules_lead_there_no_more(
    client: Client, people: People
) -> None:
    item = make_item(people.system)
    PlanningItem.objects.filter(pk=item.pk).update(status="decided")  # its decision was undone
    client.force_login(people.architect)
    _move(client, item, "open")
    page = client.get(BOARD).content.decode()
    assert f"{item.key}: " in page
    assert "Undo the move" not in page


def test_a_card_says_what_its_item_waits_for(client: Client, people: People) -> None:
    bare, asked, unadvised, advised = (make_item(people.system) for _ in range(4))
    idea = make_item(people.system, status="idea")
    options = {item: make_option(item) for item in (asked, unadvised, advised)}
    make_question(asked)
    recommendation_make(
        actor=actor_of(people.chief), item=advised, option=options[advised], reason="It is cheap."
    )
    client.force_login(people.viewer)
    columns = client.get(BOARD).context["columns"]
    waits = {card.item.pk: card.awaited for column, _ in columns for card in column.cards}
    assert waits == {
        bare.pk: "options",
        asked.pk: "answer",
        unadvised.pk: "recommendation",
        advised.pk: "decision",
        idea.pk: None,
    }


def test_a_decision_in_force_holds_its_card(client: Client, people: People) -> None:
    item = make_item(people.system)
    option = make_option(item)
    decision_record(actor=actor_of(people.chief), item=item, option=option, reason="It is cheap.")
    client.force_login(people.chief)
    for status, then in (("open", "decided"), ("done", "done"), ("idea", "done")):
        item.refresh_from_db()
        _move(client, item, status)
        assert _status(item) == then


def test_who_only_reads_moves_nothing(
    client: Client, people: People, items: dict[str, PlanningItem]
) -> None:
    client.force_login(people.viewer)
    assert "/move/" not in client.get(BOARD).content.decode()
    assert _move(client, items["invoices"], "done") == "403"
    assert _move(client, items["salaries"], "done") == "404"
    assert _status(items["invoices"]) == "open"


def _status(item: PlanningItem) -> str:
    return PlanningItem.objects.get(pk=item.pk).status

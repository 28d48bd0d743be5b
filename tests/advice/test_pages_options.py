"""Options of a planning item through the pages."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from apps.accounts.actors import portal_actor
from apps.planning.models import Option, PlanningItem
from apps.planning.services.items import option_edit
from tests.conftest import People
from tests.factories import make_item, make_option, make_statement


@pytest.fixture
def item(people: People) -> PlanningItem:
    return make_item(people.system)


def test_costs_are_typed_the_way_people_say_them(
    client: Client, people: People, item: PlanningItem
) -> None:
    client.force_login(people.architect)
    typed = {"title": "Signed URLs", "cost_once": "20k", "cost_yearly": "0"}
    response = client.post(f"/planning/PI-{item.pk}/options/new/", typed)
    assert response["Location"] == f"/planning/PI-{item.pk}/"
    option = Option.objects.get()
    assert (option.cost_once, option.cost_yearly) == (Decimal(20_000), Decimal(0))
    assert option.is_baseline  # the first one
    again = client.post(f"/planning/PI-{item.pk}/options/new/", {"title": "B", "another": "1"})
    assert again["Location"] == f"/planning/PI-{item.pk}/options/new/"
    assert [each.title for each in Option.objects.filter(is_baseline=False)] == ["B"]


def test_german_costs_are_read_by_german_marks_and_shown_back_before_they_are_kept(
    client: Client, people: People, item: PlanningItem
) -> None:
    people.architect.language = "de"
    people.architect.save()
    client.force_login(people.architect)
    path = f"/planning/PI-{item.pk}/options/new/"
    typed = {"title": "Signierte URLs", "cost_once": "1.500", "cost_yearly": "1,5 Mio."}
    asked = client.post(path, typed)
    assert asked.status_code == 422
    assert Option.objects.count() == 0
    form = asked.context["form"]
    assert list(form.errors) == ["cost_once"]
    assert form.errors["cost_once"][0].startswith("Gelesen als 1\u202f500.")
    with translation.override("de"):  # as the page was made
        again = typed | {"cost_once": form["cost_once"].value()}
    assert client.post(path, again)["Location"] == f"/planning/PI-{item.pk}/"
    option = Option.objects.get()
    assert (option.cost_once, option.cost_yearly) == (Decimal(1500), Decimal(1_500_000))
    # What is kept comes back into the form so that saving it again changes and asks nothing.
    page = client.get(f"/planning/options/{option.pk}/edit/").context["form"]
    with translation.override("de"):
        kept = {name: page[name].value() or "" for name in page.fields}
    assert (kept["cost_once"], kept["cost_yearly"]) == ("1\u202f500", "1\u202f500\u202f000")
    assert client.post(f"/planning/options/{option.pk}/edit/", kept).status_code == 302
    option.refresh_from_db()
    assert (option.cost_once, option.cost_yearly) == (Decimal(1500), Decimal(1_500_000))


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"cost_once": "cheap"}, "cost_once", "Cannot be read as an amount"),
        ({"cost_once": "-5"}, "cost_once", "above zero"),
        ({"cost_yearly": "USD 20k"}, "cost_yearly", "does not convert currencies"),
        ({"title": "Taken"}, "title", "already"),
    ],
)
def test_a_refused_option_keeps_what_was_typed(
    *,
    client: Client,
    people: People,
    item: PlanningItem,
    changes: dict[str, str],
    field: str,
    words: str,
) -> None:
    make_option(item, title="Taken")
    client.force_login(people.architect)
    typed = {"title": "New one", "description": "Nothing is lost"} | changes
    response = client.post(f"/planning/PI-{item.pk}/options/new/", typed)
    assert response.status_code == 422
    assert words in response.context["form"].errors[field][0]
    assert "Nothing is lost" in response.content.decode()


def test_an_edit_shows_the_costs_and_moves_the_baseline(
    client: Client, people: People, item: PlanningItem
) -> None:
    make_option(item, title="First")
    option = make_option(item, title="Second", cost_once=Decimal("1234567.50"))
    client.force_login(people.architect)
    address = f"/planning/options/{option.pk}/edit/"
    assert 'value="1,234,567.50"' in client.get(address).content.decode()
    typed = {"title": "Second", "cost_once": "1,234,567.50", "is_baseline": "on", "version": "1"}
    assert client.post(address, typed).status_code == 302
    assert [each.is_baseline for each in Option.objects.order_by("pk")] == [False, True]
    option.refresh_from_db()
    assert option.cost_once == Decimal("1234567.50")


def test_an_edit_conflict_keeps_both_texts(
    client: Client, people: People, item: PlanningItem
) -> None:
    option = make_option(item, title="Read by both")
    option_edit(actor=portal_actor("tests"), option=option, version=1, title="Saved first")
    client.force_login(people.architect)
    typed = {"title": "Typed meanwhile", "version": "1", "is_baseline": "on"}
    response = client.post(f"/planning/options/{option.pk}/edit/", typed)
    page = response.content.decode()
    assert response.status_code == 409
    assert 'value="Typed meanwhile"' in page
    assert "Saved first" in page
    assert 'name="version" value="2"' in page


def test_an_option_that_something_stands_on_stays(
    client: Client, people: People, item: PlanningItem
) -> None:
    baseline, spare = make_option(item), make_option(item)
    make_statement(option=baseline)
    client.force_login(people.architect)
    kept = client.post(f"/planning/options/{baseline.pk}/delete/", follow=True)
    assert "stays for the record" in kept.content.decode()
    client.post(f"/planning/options/{spare.pk}/delete/")
    assert list(Option.objects.all()) == [baseline]


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("outsider", 404)])
def test_who_may_not_edit(
    client: Client, people: People, item: PlanningItem, who: str, status: int
) -> None:
    option = make_option(item)
    client.force_login(getattr(people, who))
    for address in (
        f"/planning/PI-{item.pk}/options/new/",
        f"/planning/options/{option.pk}/edit/",
    ):
        assert client.get(address).status_code == status

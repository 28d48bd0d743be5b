"""Systems, their tokens, one's own tokens, and the search."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import ApiToken
from apps.accounts.services.tokens import token_authenticate
from tests.conftest import People
from tests.factories import (
    make_control,
    make_finding,
    make_guidance,
    make_item,
    make_option,
    make_series,
    make_statement,
    make_system,
)
from tests.pages import unmarked


def test_everyone_sees_their_systems_only(client: Client, people: People) -> None:
    for who, names in (
        (people.viewer, ["Payments"]),
        (people.outsider, ["Payroll"]),
        (people.nobody, []),
        (people.chief, ["Payments", "Payroll"]),
    ):
        client.force_login(who)
        cards = client.get("/systems/").context["cards"]
        assert [card.system.name for card in cards] == names
    client.force_login(people.outsider)
    assert client.get("/systems/payments/").status_code == 404
    assert client.get("/systems/no-such-system/").status_code == 404


def test_a_system_shows_what_it_carries_and_what_looks_at_it(
    client: Client, people: People
) -> None:
    item = make_item(people.system, title="Receive invoices by upload")
    statement = make_statement(option=make_option(item), published=True)
    draft = make_statement(item, condition="If nobody reads this draft")
    make_series(people.system, tool="bandit")
    make_item(people.other_system, title="Pay salaries")
    client.force_login(people.viewer)
    page = client.get("/systems/payments/").content.decode()
    for words in (statement.key, "Receive invoices by upload", "bandit", "Vera Viewer"):
        assert words in page
    assert draft.key not in page
    assert "Pay salaries" not in page
    assert "Make a token" not in page


def test_a_pipelines_token_is_shown_once_with_its_call(client: Client, people: People) -> None:
    client.force_login(people.system_admin)
    response = client.post("/systems/payments/tokens/", {"name": "main pipeline", "days": "30"})
    page = response.content.decode()
    text = response.context["made"].text
    assert text in page
    assert "/api/v1/reports?system=payments&amp;category=" in page
    assert "no-store" in response.headers["Cache-Control"]
    token = token_authenticate(text)
    assert token is not None
    assert (token.system, token.scope) == (people.system, "report:upload")
    listed = client.get("/systems/payments/").content.decode()
    assert "main pipeline" in listed
    assert text not in listed
    client.post(f"/tokens/{token.pk}/revoke/")
    assert token_authenticate(text) is None


@pytest.mark.parametrize("who", ["viewer", "architect", "security"])
def test_who_manages_no_tokens_makes_none(client: Client, people: People, who: str) -> None:
    client.force_login(getattr(people, who))
    answer = client.post("/systems/payments/tokens/", {"name": "x", "days": "30"})
    assert answer.status_code == 403
    assert not ApiToken.objects.exists()


def test_a_refused_token_form_keeps_what_was_typed(client: Client, people: People) -> None:
    client.force_login(people.system_admin)
    answer = client.post("/systems/payments/tokens/", {"name": "nightly", "days": "4000"})
    assert answer.status_code == 422
    assert 'value="nightly"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_own_tokens_are_made_listed_and_revoked(client: Client, people: People) -> None:
    client.force_login(people.nobody)
    made = client.post(
        "/settings/tokens/", {"name": "nightly import", "scope": "read", "days": "7"}
    )
    text = made.context["made"].text
    assert text in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    listed = client.get("/settings/tokens/").content.decode()
    assert "nightly import" in listed
    assert text not in listed
    token = ApiToken.objects.get()
    client.force_login(people.viewer)
    assert "nightly import" not in client.get("/settings/tokens/").content.decode()
    assert client.post(f"/tokens/{token.pk}/revoke/").status_code == 404
    client.force_login(people.nobody)
    client.post(f"/tokens/{token.pk}/revoke/")
    assert token_authenticate(text) is None
    for wrong in ({"scope": "report:upload"}, {"days": "0"}, {"name": ""}):
        typed = {"name": "n", "scope": "read", "days": "7"} | wrong
        assert client.post("/settings/tokens/", typed).status_code == 422


def test_search_finds_each_kind_and_respects_who_looks(client: Client, people: People) -> None:
    item = make_item(people.system, title="Zebra crossing")
    statement = make_statement(item, condition="If you feed the zebra", cwes=[79])
    guidance = make_guidance(published=True, title="Keep zebra apart", cwes=[79])
    finding = make_finding(people.system, title="Zebra in the path", cwes=[79])
    make_system("zebra", "Zebra house")
    client.force_login(people.chief)
    found = client.get("/search/?q=zebra").context["found"]
    assert [each.pk for each in found.items] == [item.pk]
    assert [each.pk for each in found.statements] == [statement.pk]
    assert [each.pk for each, _text in found.guidance] == [guidance.pk]
    assert [each.pk for each in found.findings] == [finding.pk]
    assert [each.key for each in found.systems] == ["zebra"]
    weakness = client.get("/search/?q=cwe-79").context["found"]
    assert [each.pk for each in weakness.statements] == [statement.pk]
    assert [each.pk for each, _text in weakness.guidance] == [guidance.pk]
    assert [each.pk for each in weakness.findings] == [finding.pk]
    client.force_login(people.outsider)
    page = client.get("/search/?q=zebra")
    assert [each.pk for each, _text in page.context["found"].guidance] == [guidance.pk]
    for hidden in ("Zebra crossing", "feed the zebra", "Zebra in the path", "Zebra house"):
        assert hidden not in unmarked(page.content)


def test_a_key_leads_to_its_page_for_those_who_may_see_it(client: Client, people: People) -> None:
    item = make_item(people.system)
    statement = make_statement(item)
    guidance = make_guidance(published=True)
    draft = make_guidance()
    client.force_login(people.viewer)
    for key, address in (
        (item.key, f"/planning/PI-{item.pk}/"),
        (statement.key.lower(), f"/risks/RS-{statement.pk}/"),
        (guidance.key, f"/guidance/G-{guidance.pk}/"),
    ):
        assert client.get(f"/search/?q={key}").headers["Location"] == address
    assert client.get(f"/search/?q={draft.key}").status_code == 200
    assert client.get("/search/?q=PI-999999").status_code == 200
    client.force_login(people.outsider)
    assert client.get(f"/search/?q={item.key}").status_code == 200


@pytest.mark.parametrize("address", ["/systems/", "/systems/payments/", "/search/?q=invoices"])
def test_more_rows_ask_no_more_questions(client: Client, people: People, address: str) -> None:
    client.force_login(people.chief)
    counts = []
    for _round in range(2):
        for _number in range(3):
            item = make_item(people.system)
            make_statement(item, published=True)
            make_finding(people.system, title="invoices")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


ADMIN = (
    *("accounts/user", "accounts/team", "accounts/membership", "accounts/apitoken"),
    *("catalog/system", "scans/report", "scans/series", "guidance/guidance", "audit/auditentry"),
    "common/outboxdelivery",
)


def test_the_admin_site_is_for_staff_and_looks_at_everything(
    client: Client, people: People
) -> None:
    client.force_login(people.system_admin)
    client.post("/systems/payments/tokens/", {"name": "ci", "days": "3"})
    client.force_login(people.admin)
    assert client.get("/admin/").status_code == 302
    people.admin.is_staff = people.admin.is_superuser = True
    people.admin.save()
    make_finding(people.system)
    make_guidance(published=True)
    for page in ADMIN:
        assert client.get(f"/admin/{page}/").status_code == 200, page
    token = ApiToken.objects.get()
    shown = client.get(f"/admin/accounts/apitoken/{token.pk}/change/").content.decode()
    assert "digest" not in shown.lower()
    assert client.get("/admin/accounts/apitoken/add/").status_code == 403
    assert (
        client.post(f"/admin/accounts/apitoken/{token.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
    user = client.get(f"/admin/accounts/user/{people.viewer.pk}/change/")
    assert people.viewer.password not in user.content.decode()
    assert client.get("/admin/accounts/user/add/").status_code == 200


def test_the_palette_offers_what_the_viewer_may(client: Client, people: People) -> None:
    item = make_item(people.system, title="Zebra crossing")
    control = make_control(people.system, name="Zebra fence")
    client.force_login(people.viewer)
    offered = client.get("/palette/").content.decode()
    assert "New planning item" not in offered
    assert "Portfolio" in offered
    assert "/search/?q=" not in offered
    found = client.get("/palette/?q=zebra").content.decode()
    assert f"/planning/PI-{item.pk}/" in found
    assert f"/controls/{control.key}/" in found
    assert "/search/?q=zebra" in found
    assert (
        f'href="/planning/PI-{item.pk}/"'
        in client.get(f"/palette/?q=pi-{item.pk}").content.decode()
    )
    assert client.get("/palette/?q=%00%27%3Cb%3E").status_code == 200
    client.force_login(people.architect)
    assert "New planning item" in client.get("/palette/?q=new+item").content.decode()
    client.force_login(people.outsider)
    hidden = client.get("/palette/?q=zebra").content.decode()
    assert "crossing" not in hidden
    assert "fence" not in hidden
    client.logout()
    assert client.get("/palette/?q=zebra").status_code == 302

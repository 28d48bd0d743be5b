"""The pages of coverage, as people of each role use them."""

import pytest

from apps.catalog.models import Criticality
from apps.coverage.models import SystemExpectation, ToolKind
from apps.coverage.selectors import profiles
from apps.coverage.services.silence import silences_sweep
from tests.conftest import People
from tests.factories import make_arrived, make_guidance, make_series
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def test_matrix_shows_only_what_one_may_see(people: People) -> None:
    make_arrived(make_series(people.system, tool="Semgrep"))
    page = text_of(signed_in(people.viewer), "/coverage/")
    assert "Payments" in page
    assert "Payroll" not in page
    assert "cover-partly" in page  # static analysis of the two that Code expects
    assert "Payroll" in text_of(signed_in(people.chief), "/coverage/")
    assert signed_in(people.outsider).get("/systems/payments/coverage/").status_code == 404


def test_a_profile_is_said_anew(people: People) -> None:
    advice = make_guidance(title="Scan for secrets")
    chief = signed_in(people.chief)
    assert "The portal's own list" in text_of(chief, "/coverage/medium/")
    form = {"version": "0", "days_1": "5", "guidance_1": advice.key.lower()}
    assert chief.post("/coverage/medium/", form).status_code == 302
    told = profiles()[Criticality.MEDIUM]
    assert [(line.max_age_days, line.guidance) for line in told.lines] == [(5, advice)]
    late = chief.post("/coverage/medium/", form | {"days_1": "6"})
    assert late.status_code == 409
    assert "Somebody else changed this" in late.content.decode()
    assert 'value="6"' in late.content.decode()
    wrong = chief.post(
        "/coverage/medium/", {"version": "1", "days_1": "0", "guidance_1": "G-99999"}
    )
    assert wrong.status_code == 422
    assert "There is no such guidance" in wrong.content.decode()
    assert chief.post("/coverage/medium/reset/").status_code == 302
    assert not profiles()[Criticality.MEDIUM].is_own
    for person in (people.security, people.viewer):
        client = signed_in(person)
        assert "Save" not in text_of(client, "/coverage/medium/").partition("<main")[2]
        assert client.post("/coverage/medium/", form).status_code == 403
        assert client.post("/coverage/medium/reset/").status_code == 403
    assert chief.get("/coverage/huge/").status_code == 404


def test_what_a_system_does_otherwise(people: People) -> None:
    client, path = signed_in(people.security), "/systems/payments/coverage/exceptions/"
    form = {"stage": "code", "kind": "secrets", "max_age_days": "", "reason": "No repository."}
    refused = client.post(path, form | {"reason": " "})
    assert refused.status_code == 422
    assert "This field is required" in refused.content.decode()
    assert client.post(path, form).status_code == 302
    page = text_of(client, "/systems/payments/coverage/")
    assert "Secret scan is not expected here: No repository." in page
    row = SystemExpectation.objects.get()
    assert (row.max_age_days, row.set_by) == (None, people.security)
    assert signed_in(people.architect).post(path, form).status_code == 403
    assert signed_in(people.architect).post(f"{path}{row.pk}/remove/").status_code == 403
    assert signed_in(people.outsider).post(f"{path}{row.pk}/remove/").status_code == 404
    assert client.post(f"{path}{row.pk}/remove/").status_code == 302
    assert not SystemExpectation.objects.exists()


def test_tools_that_the_portal_does_not_know(people: People) -> None:
    make_arrived(make_series(people.system, tool="Hauslinter"))
    chief = signed_in(people.chief)
    assert "Hauslinter" in text_of(chief, "/coverage/")
    assert chief.post("/coverage/tools/", {"tool": "Hauslinter", "kind": ""}).status_code == 422
    form = {"tool": "Hauslinter", "kind": "static-analysis"}
    assert signed_in(people.security).post("/coverage/tools/", form).status_code == 403
    assert chief.post("/coverage/tools/", form).status_code == 302
    assert ToolKind.objects.get().kind == "static-analysis"
    assert "Tools that the portal does not know" not in text_of(chief, "/coverage/")


def test_a_silence_is_answered_and_taken_back(people: People) -> None:
    series = make_series(people.system, tool="Semgrep")
    for days_ago in (10, 9, 8, 7, 6):
        make_arrived(series, days_ago=days_ago)
    silences_sweep()
    path = f"/silences/{series.silences.get().pk}/answer/"
    client = signed_in(people.security)
    assert "is silent since" in text_of(client, "/systems/payments/coverage/")
    assert client.post(path, {"answer": "ended"}).status_code == 302
    assert "Wait for it again" in text_of(client, "/systems/payments/coverage/")
    assert client.post(path, {"answer": ""}).status_code == 302
    assert signed_in(people.architect).post(path, {"answer": "ended"}).status_code == 403
    assert signed_in(people.outsider).post(path, {"answer": "ended"}).status_code == 404

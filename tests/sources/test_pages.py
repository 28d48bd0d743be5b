"""The pages of sources and credentials, as people of each role use them."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.sources.forms import interval_words
from apps.sources.models import Credential, Source, SourceRun
from tests.conftest import People
from tests.factories import make_credential, make_source
from tests.pages import text_of
from tests.servers import Says, Server
from tests.sources.conftest import run

SECRET = "page-secret-0123456789"


@pytest.fixture
def security(people: People) -> Client:
    client = Client()
    client.force_login(people.security)
    return client


FORM = {
    "name": "Nightly",
    "system": "payments",
    "config.url": "https://ci.example.org/report.sarif",
    "interval_minutes": "60",
    "crontab": "",
}


def test_making_one(security: Client, people: People) -> None:
    assert "Web address" in text_of(security, "/sources/new/?system=payments")
    path = "/sources/new/?connector=https-url"
    assert "config.url" in text_of(security, path)
    answer = security.post(path, FORM)
    source = Source.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/sources/{source.pk}/")
    assert (source.made_by, source.interval_minutes) == (people.security, 60)
    assert source.config == {"url": "https://ci.example.org/report.sarif", "accept": ""}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "This field is required"),
        ({"config.url": "http://ci.example.org/"}, "http:// is not allowed here"),
        ({"config.url": "https://u:p@ci.example.org/"}, "no user name or password"),
        ({"crontab": "1 2 3 4 5"}, "not both"),
        ({"interval_minutes": "", "crontab": "x"}, "five fields"),
        ({"interval_minutes": "1"}, "greater than or equal to 5"),
        ({"system": "payroll"}, "Select a valid choice"),
        ({"tool": "a\x00b"}, "Null characters are not allowed"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    security: Client, change: dict[str, str], sentence: str
) -> None:
    answer = security.post("/sources/new/?connector=https-url", FORM | {"tool": "kept"} | change)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert not Source.objects.exists()
    assert 'value="kept"' in page or "tool" in change


def test_editing_keeps_what_somebody_else_wrote(security: Client, people: People) -> None:
    source = make_source(people.system, name="Before")
    path = f"/sources/{source.pk}/edit/"
    assert 'value="Before"' in text_of(security, path)
    good = FORM | {"version": "1"}
    assert security.post(path, good).status_code == 302
    late = security.post(path, good | {"name": "Late"})
    assert late.status_code == 409
    assert "Somebody else changed this" in late.content.decode()
    source.refresh_from_db()
    assert source.name == "Nightly"


def test_list_and_detail_show_how_it_is(security: Client, people: People, server: Server) -> None:
    server.routes["/r"] = Says(b"", 401)
    source = make_source(people.system, name="Refused", url=f"{server.url}/r", crontab="0 4 * * *")
    make_source(people.other_system, name="Not mine")
    run(source)
    page = text_of(security, "/sources/")
    assert "Refused" in page
    assert "Web address" in page  # the connector by its name
    assert "Broken" in page
    assert "Not mine" not in page
    assert "Refused" not in text_of(security, "/sources/?health=good")
    detail = text_of(security, f"/sources/{source.pk}/")
    assert "It does not let us in (HTTP 401)" in detail
    assert "0 4 * * *" in detail


def test_home_tells_those_who_can_mend_it(people: People, server: Server) -> None:
    server.routes["/r"] = Says(b"", 401)
    run(make_source(people.system, name="Refused", url=f"{server.url}/r"))
    for person, told in ((people.security, True), (people.viewer, False), (people.outsider, False)):
        client = Client()
        client.force_login(person)
        assert ("Refused" in text_of(client, "/")) == told


def test_intervals_in_words() -> None:
    words = [interval_words(minutes) for minutes in (5, 60, 120, 90, 1440, 10080)]
    expected = (
        "every 5 minutes, every hour, every 2 hours, every 90 minutes, every day, every 7 days"
    )
    assert ", ".join(words) == expected


def test_buttons_do_what_they_say(security: Client, people: People, server: Server) -> None:
    server.routes["/r"] = Says(b'{"a": 1}', headers={"Content-Type": "application/json"})
    source = make_source(people.system, url=f"{server.url}/r")
    path = f"/sources/{source.pk}/"
    tested = security.post(f"{path}test/").content.decode()
    assert "The connection works" in tested
    assert "127.0.0.1" in tested
    assert security.post(f"{path}run/").status_code == 302
    assert SourceRun.objects.get().asked_by == people.security.name
    assert "under way" in security.post(f"{path}run/", follow=True).content.decode()
    security.post(f"{path}pause/", {"pause": "yes"})
    assert "Paused" in text_of(security, path)
    security.post(f"{path}delete/")
    assert not Source.objects.exists()


@pytest.mark.parametrize(
    ("url", "sentences"),
    [
        ("{server}/gone", ["is allowed here", "is 127.0.0.1", "HTTP 404", "Check the address"]),
        ("https://localhost/x", ["no address of the public Internet", "list its network"]),
    ],
)
def test_a_diagnosis_says_what_is_wrong_and_what_to_do(  # noqa: PLR0917  # fixtures
    security: Client,
    people: People,
    server: Server,
    settings: Any,
    url: str,
    sentences: list[str],
) -> None:
    source = make_source(people.system, url=url.format(server=server.url))
    if "localhost" in url:
        settings.SECOPS_OUTGOING_NETWORKS = []
    page = security.post(f"/sources/{source.pk}/test/").content.decode()
    assert "The connection does not work" in page
    for sentence in sentences:
        assert sentence in page


def test_credentials_are_kept_replaced_and_never_shown(security: Client, people: People) -> None:
    fields = {
        "system": "payments",
        "name": "Scanner key",
        "kind": "bearer",
        "url": "https://ci.example.org/x",
        "secret": SECRET,
    }
    wrong = security.post("/credentials/", fields | {"url": "nowhere"})
    assert wrong.status_code == 422
    assert SECRET not in wrong.content.decode()
    assert security.post("/credentials/", fields).status_code == 302
    made = Credential.objects.get()
    for path in ("/credentials/", f"/credentials/{made.pk}/"):
        page = text_of(security, path)
        assert "Scanner key" in page
        assert SECRET not in page
    path = f"/credentials/{made.pk}/"
    replaced = security.post(path, {"version": "1", "secret": "next-secret"})
    assert replaced.status_code == 302
    assert security.post(path, {"version": "1", "secret": "late"}).status_code == 409
    used = make_source(people.system, credential=made)
    assert "Nightly scan" in text_of(security, path)
    assert security.post(f"{path}delete/", follow=True).status_code == 200
    assert Credential.objects.exists()
    used.delete()
    security.post(f"{path}delete/")
    assert not Credential.objects.exists()


def test_pages_cost_the_same_with_one_source_and_with_many(
    security: Client, people: People, server: Server
) -> None:
    server.routes["/r"] = Says(b'{"a": 1}')
    counts = []
    for number in (1, 12):
        for _ in range(number):
            source = make_source(people.system, url=f"{server.url}/r", tool=f"tool-{number}")
            run(source)
            make_credential(people.system)
        for path in ("/sources/", f"/sources/{source.pk}/", "/credentials/"):
            with CaptureQueriesContext(connection) as captured:
                text_of(security, path)
            counts.append(len(captured))
    assert counts[:3] == counts[3:]


def test_who_sees_and_may_what(people: People) -> None:
    source, credential = make_source(people.system), make_credential(people.system)
    paths = [f"/sources/{source.pk}/", f"/sources/{source.pk}/edit/", "/sources/new/"]
    paths += ["/credentials/", f"/credentials/{credential.pk}/"]
    expected = {
        people.viewer: [200, 403, 403, 403, 404],
        people.outsider: [404, 404, 200, 200, 404],
        people.nobody: [404, 404, 403, 403, 404],
        people.chief: [200] * 5,
    }
    for person, statuses in expected.items():
        client = Client()
        client.force_login(person)
        assert [client.get(path).status_code for path in paths] == statuses, person
        assert client.get("/sources/").status_code == 200
    viewer = Client()
    viewer.force_login(people.viewer)
    assert "Run now" not in text_of(viewer, f"/sources/{source.pk}/")
    for action in ("run", "test", "pause", "delete"):
        assert viewer.post(f"/sources/{source.pk}/{action}/").status_code == 403

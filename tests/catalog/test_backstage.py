"""Backstage's catalogue is taken over: whole, once, and never over what people wrote."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Team
from apps.catalog.models import Component, System
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People

pytestmark = pytest.mark.django_db
# The example of the descriptor format's documentation, with a system and a resource to it.
TEXT = """\
apiVersion: backstage.io/v1alpha1
kind: System
metadata:
  name: public-websites
  title: Public websites
  annotations:
    backstage.io/source-location: url:https://github.com/my-org/sites/
spec:
  owner: group:default/artist-relations-team
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: artist.Web
  description: The place to be, for great artists
  annotations:
    backstage.io/source-location: "url:javascript:alert(1)"
spec:
  type: website
  lifecycle: production
  owner: artist-relations-team
  system: system:default/public-websites
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: artists-db}
spec: {type: database, owner: nobody, system: public-websites}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: stray}
spec: {type: service, system: elsewhere}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: artist-relations-team}
"""


def send(people: People, text: str = TEXT, **more: Any) -> Any:
    return as_user(people.admin).post("/imports/backstage", {"text": text} | more)


def test_systems_components_and_owners(people: People) -> None:
    team = Team.objects.create(key="artist-relations-team", name="Artist relations")
    told = send(people).json()
    system = System.objects.get(key="public-websites")
    assert (system.name, system.owner) == ("Public websites", team)
    assert system.repositories == ["https://github.com/my-org/sites"]
    rows = Component.objects.filter(system=system).values_list("key", "kind", "repository")
    assert set(rows) == {("artist-web", "website", ""), ("artists-db", "database", "")}
    assert told["left_out"] == ["Group in document 5.", "stray: there is no system 'elsewhere'."]


def test_a_preview_writes_nothing(people: People) -> None:
    before = System.objects.count()
    told = send(people, preview=True).json()
    assert [each["key"] for each in told["components"]] == ["artist-web", "artists-db"]
    assert System.objects.count() == before
    assert not Component.objects.exists()


def test_again_makes_nothing_and_changes_nothing(people: People) -> None:
    send(people)
    System.objects.filter(key="public-websites").update(name="Ours")
    told = send(people).json()
    assert (told["systems"], told["components"], told["known"]) == ([], [], 3)
    assert System.objects.get(key="public-websites").name == "Ours"
    assert Component.objects.count() == 2


def test_who_may(people: People) -> None:
    for person in (people.security, people.system_admin, people.viewer, people.outsider):
        assert as_user(person).post("/imports/backstage", {"text": TEXT}).status_code == 403
    assert as_pipeline(people.system).post("/imports/backstage", {"text": TEXT}).status_code == 403
    assert not Component.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "kind: System",
        "- a list",
        "just text",
        "a: [",
        "a: &x [1]\nb: *x",
        "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {}",
        "a: 2026-99-99",
        "!!python/object/apply:os.system ['true']",
        "[" * 200_000,
        "- " * 100_000,
        "x" * 200_001,
        "---\n---\n",
    ],
)
def test_what_is_no_catalogue(people: People, text: str) -> None:
    before = System.objects.count()
    answer = send(people, text)
    assert answer.status_code == 400
    assert problem_fields(answer) == {"text"}
    assert System.objects.count() == before


def test_the_page(client: Client, people: People) -> None:
    url = "/imports/backstage/"
    for person in (people.security, people.system_admin, people.outsider):
        client.force_login(person)
        assert client.get(url).status_code == 403
        assert url not in client.get("/systems/").content.decode()
    client.force_login(people.admin)
    assert url in client.get("/systems/").content.decode()
    assert client.get(url).status_code == 200
    file = SimpleUploadedFile("catalog-info.yaml", TEXT.encode())
    shown = client.post(url, {"file": file}).content.decode()
    assert "Public websites" in shown
    assert "there is no system &#x27;elsewhere&#x27;" in shown
    assert not Component.objects.exists()
    made = client.post(url, {"text": TEXT, "confirm": "1"}, follow=True)
    assert "1 systems and 2 components" in made.content.decode()
    assert Component.objects.count() == 2
    again = client.post(url, {"text": TEXT, "confirm": "1"}, follow=True)
    assert "Nothing is new" in again.content.decode()
    for wrong in ({}, {"text": "a: [1"}, {"text": "kind: System"}, {"text": "x" * 200_001}):
        assert client.post(url, wrong).status_code == 422

"""What was taken away, for programs."""

import pytest

from apps.sources.models import Source
from tests.api.conftest import as_user
from tests.conftest import People
from tests.removals.test_undo import a_source

pytestmark = pytest.mark.django_db


def test_over_the_api(people: People) -> None:
    user, _address = a_source(people)
    api = as_user(user)
    number = Source.objects.get().pk
    assert api.delete(f"/sources/{number}").status_code == 204
    (listed,) = api.get("/removals").json()["results"]
    assert (listed["kind"], listed["object_id"]) == ("source", number)
    assert listed["restored_at"] is None
    assert as_user(people.viewer).get("/removals").json()["results"] == []
    path = f"/removals/{listed['uid']}"
    assert as_user(people.architect).post(f"{path}/restore", {}).status_code == 404
    made = api.post(f"{path}/restore", {})
    assert made.json()["restored_at"]
    assert Source.objects.get().pk == number
    again = api.post(f"{path}/restore", {})
    assert again.status_code == 409
    assert again.json()["detail"] == "It was put back already."

    api.delete(f"/sources/{number}")
    (listed,) = api.get("/removals").json()["results"]
    assert api.delete(f"/removals/{listed['uid']}").status_code == 204
    assert api.get("/removals").json()["results"] == []
    assert not Source.objects.exists()

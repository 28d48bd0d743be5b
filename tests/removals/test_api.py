"""What was taken away, for programs."""

import pytest

from apps.accounts.models import SignInProvider
from apps.accounts.roles import Scope
from apps.accounts.services.providers import provider_delete
from apps.removals.models import Removal
from apps.sources.models import Source
from tests.api.conftest import ROOT, Api, as_user
from tests.conftest import People
from tests.factories import make_token
from tests.pages import signed_in
from tests.removals.test_undo import TESTS, a_provider, a_source

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


def test_a_sign_in_provider_comes_back_on_the_pages_alone(people: People) -> None:
    """Whoever put one back would open a way in: neither a token for people nor an open browser is enough."""
    a_provider(people)
    provider_delete(actor=TESTS, provider=SignInProvider.objects.get())
    path = f"/removals/{Removal.objects.get().uid}/restore"
    token = Api(make_token(people.admin, Scope.PEOPLE).text)
    refused = token.post(path, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
    session = signed_in(people.admin)
    answer = session.post(f"{ROOT}{path}", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")
    assert not SignInProvider.objects.exists()

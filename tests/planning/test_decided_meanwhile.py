"""Nobody replaces a decision that they have not seen."""

import pytest

from apps.planning.models import Decision
from apps.planning.services.decisions import decision_record
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def in_force() -> list[tuple[str, str]]:
    return [(each.reason, str(each.decided_by)) for each in Decision.objects.filter(ended_at=None)]


def test_two_tabs_decide(people: People) -> None:
    item = make_item(people.system)
    first, second = make_option(item, title="Public"), make_option(item, title="Signed")
    mine = signed_in(people.architect)
    path = f"/planning/{item.key}/"
    assert 'name="decision-instead_of" value="0"' in text_of(mine, path)
    theirs = decision_record(
        actor=actor_of(people.security), item=item, option=first, reason="It is quick."
    )
    typed = {
        "decision-instead_of": "0",
        "decision-option": str(second.pk),
        "decision-reason": "It lasts.",
    }
    refused = mine.post(f"{path}decision/", typed)
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Another decision was recorded, or taken back, since you read this item." in page
    assert "It is quick." in page
    assert "It lasts." in page
    assert f'name="decision-instead_of" value="{theirs.pk}"' in page
    assert in_force() == [("It is quick.", str(people.security))]
    knowing = typed | {"decision-instead_of": str(theirs.pk)}
    assert mine.post(f"{path}decision/", knowing).status_code == 302
    assert in_force() == [("It lasts.", str(people.architect))]


def test_over_the_api(people: People) -> None:
    item = make_item(people.system)
    option = make_option(item)
    call = as_user(people.architect)
    path = f"/items/{item.key}/decisions"
    body = {"option": option.pk, "reason": "It lasts.", "instead_of": 0}
    made = call.post(path, body)
    assert made.status_code == 201
    refused = call.post(path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    seen = body | {"instead_of": made.json()["id"], "reason": "It is cheap."}
    assert call.post(path, seen).status_code == 201
    assert call.post(path, body | {"instead_of": None, "reason": "So be it."}).status_code == 201
    assert in_force() == [("So be it.", str(people.architect))]

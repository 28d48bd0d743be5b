"""Guidance beside a plan: suggested as it is typed, offered once it is saved, linked by one button."""

import pytest

from apps.audit.models import AuditEntry
from apps.guidance.models import Guidance
from apps.guidance.selectors import guidance_suggested
from apps.planning.models import ItemGuidance, PlanningItem
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_guidance, make_item
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TYPED = {
    "title": "Receive invoices as upload to a bucket",
    "system": "payments",
    "question": "Where do uploaded files go?",
    "kind": "story",
    "stage": "plan",
}


@pytest.fixture
def uploads() -> Guidance:
    return make_guidance(
        published=True, title="Signed upload addresses", summary="For files.", stages=["plan"]
    )


def test_any_of_the_words_finds_it_and_the_best_comes_first(
    people: People, uploads: Guidance
) -> None:
    both = make_guidance(published=True, title="Scan each upload in its bucket")
    make_guidance(published=True, title="Rotate database passwords")
    make_guidance(title="Upload drafts to a bucket")  # nobody published it
    viewer = actor_of(people.nobody)
    found = guidance_suggested(viewer, TYPED["title"])
    assert found == [both, uploads]
    wordy = " ".join(f"word{chr(97 + n)}{chr(97 + m)}" for n in range(7) for m in range(7))
    assert guidance_suggested(viewer, f"upload {wordy}") != []
    for nothing in ("", "the of and", "123 456", "\x00", "' | & ! :* <->", "x" * 100_000, "漢字"):
        assert guidance_suggested(viewer, nothing) == [], nothing[:20]


def test_the_stage_counts(people: People) -> None:
    first, second = (
        make_guidance(published=True, title="Upload checks", stages=[stage])
        for stage in ("build", "operate")
    )
    assert guidance_suggested(actor_of(people.chief), "upload", "build") == [first, second]
    assert guidance_suggested(actor_of(people.chief), "upload", "operate") == [second, first]


def test_it_is_suggested_while_the_plan_is_typed(people: People, uploads: Guidance) -> None:
    client = signed_in(people.architect)
    part = client.post("/planning/guidance/", {"title": "Upload invoices"}).content.decode()
    assert "Signed upload addresses" in part
    assert f'href="/guidance/G-{uploads.pk}/"' in part
    assert client.post("/planning/guidance/", {"title": "a"}).content.decode().strip() == ""
    assert client.post("/planning/guidance/", {"title": "\x00"}).status_code == 200
    asked = client.post("/planning/guidance/", {"body": "May I upload files?"}).content.decode()
    assert "This may answer it" in asked
    assert "Once the item is saved" not in asked
    assert client.get("/planning/guidance/").status_code == 405
    client.logout()
    assert client.post("/planning/guidance/", {"title": "Upload"}).status_code == 302


def test_once_saved_one_button_links_it(people: People, uploads: Guidance) -> None:
    client = signed_in(people.architect)
    page = client.post("/planning/new/", TYPED)["Location"]
    item = PlanningItem.objects.get()
    offered = text_of(client, page)
    assert "Link what is ticked" in offered
    assert "Link what is ticked" not in text_of(client, page)  # offered once, then asked for
    assert "Link what is ticked" in text_of(client, f"{page}?guidance=1")
    client.post(f"{page}guidance/", {"guidance": [str(uploads.pk)]})
    client.post(f"{page}guidance/", {"guidance": [str(uploads.pk)]})  # pressed twice
    assert [each.guidance for each in ItemGuidance.objects.all()] == [uploads]
    assert uploads.title in text_of(client, page)
    told = AuditEntry.objects.get(action="item.link_guidance")
    assert (told.changes["guidance"], told.user) == (["", uploads.key], people.architect)
    assert item.system_id == told.system_id
    client.post(f"{page}guidance/G-{uploads.pk}/remove/")
    assert not ItemGuidance.objects.exists()
    assert client.post(f"{page}guidance/G-{uploads.pk}/remove/").status_code == 404


def test_who_may_not_edit_the_item_links_nothing(people: People, uploads: Guidance) -> None:
    item, draft = make_item(people.system), make_guidance()
    page = f"/planning/PI-{item.pk}/"
    for person, status in ((people.viewer, 403), (people.outsider, 404), (people.nobody, 404)):
        client = signed_in(person)
        answer = client.post(f"{page}guidance/", {"guidance": [str(uploads.pk)]})
        assert answer.status_code == status
    assert "Suggest what fits" not in text_of(signed_in(people.viewer), f"{page}?guidance=1")
    client = signed_in(people.architect)
    tried: list[list[str]] = [[], ["x"], ["999999"], [str(draft.pk)]]
    for wrong in tried:  # a draft is not there for them
        client.post(f"{page}guidance/", {"guidance": wrong})
    assert not ItemGuidance.objects.exists()


def test_guidance_of_an_item_over_the_api(people: People, uploads: Guidance) -> None:
    item = make_item(people.system, title=TYPED["title"])
    api, path = as_user(people.architect), f"/items/{item.key}/guidance"
    keys = [each["key"] for each in api.get(f"{path}/suggested").json()["guidance"]]
    assert keys == [uploads.key]
    made = api.post(path, {"guidance": [uploads.key]})
    assert (made.status_code, made.json()["guidance"][0]["title"]) == (201, uploads.title)
    assert api.get(f"{path}/suggested").json()["guidance"] == []
    tried: list[dict[str, list[str]]] = [{}, {"guidance": []}, {"guidance": ["PI-1"]}]
    for wrong in [*tried, {"guidance": ["G-999999"]}]:
        assert api.post(path, wrong).status_code == 400, wrong
    assert as_user(people.viewer).post(path, {"guidance": [uploads.key]}).status_code == 403
    assert as_user(people.outsider).get(path).status_code == 404
    assert api.delete(f"{path}/{uploads.key}").status_code == 204
    assert api.get(path).json()["guidance"] == []

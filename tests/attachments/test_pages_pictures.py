"""The page of pictures: whose they are, where they stand, and taking them away."""

from io import BytesIO

import pytest
from django.apps import apps as installed
from django.conf import settings

from apps.accounts.models import User
from apps.advice.pictures import PAGES
from apps.attachments.models import Attachment
from apps.attachments.services.attachments import attachment_add
from apps.audit.models import AuditEntry
from apps.catalog.models import System
from tests.conftest import People
from tests.factories import actor_of, make_guidance, make_item, make_option, make_question
from tests.factories.attachments import picture_bytes
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/pictures/"


def added(by: User, system: System | None, colour: tuple[int, int, int] = (1, 2, 3)) -> Attachment:
    file = BytesIO(picture_bytes(colour=colour))
    return attachment_add(actor=actor_of(by), system=system, file=file)


def listed(client: object, path: str = PAGE) -> list[Attachment]:
    return [each for each, _uses in client.get(path).context["pictures"]]  # type: ignore[attr-defined]


def test_every_kind_of_text_has_its_page() -> None:
    assert {name.rpartition(".")[0] for name in settings.SECOPS_MARKDOWN_TEXTS} == set(PAGES)
    for label in PAGES:
        assert installed.get_model(label)


def test_whose_pictures_are_shown_to_whom(people: People) -> None:
    mine = added(people.architect, people.system)
    other = added(people.security, people.system)
    foreign = added(people.outsider, people.other_system)
    library = added(people.nobody, None)
    assert listed(signed_in(people.architect)) == [mine]
    assert listed(signed_in(people.system_admin)) == []
    assert listed(signed_in(people.system_admin), f"{PAGE}?all=1") == [other, mine]
    assert listed(signed_in(people.admin), f"{PAGE}?all=1") == [library, foreign, other, mine]
    for person in (people.architect, people.chief, people.nobody):
        client = signed_in(person)
        assert client.get(f"{PAGE}?all=1").status_code == 403
        assert "Everybody" not in text_of(client, PAGE)


def test_where_a_picture_stands(people: People) -> None:
    picture = added(people.security, people.system)
    item = make_item(people.system, question=f"See {picture.markdown} and again {picture.markdown}")
    make_option(item, description=picture.markdown)
    make_question(make_item(people.system), body=f"What is {picture.markdown}?")
    make_guidance(body=picture.markdown)  # a draft, which no architect or security of a system sees
    hidden = make_item(people.other_system, question=picture.markdown)
    client = signed_in(people.security)
    ((_picture, uses),) = client.get(PAGE).context["pictures"]
    assert [use.name for use in uses.pages] == [item.key, f"PI-{item.pk + 1}"]
    assert uses.elsewhere
    page = text_of(client, PAGE)
    assert f'href="/planning/PI-{item.pk}/"' in page
    assert hidden.key not in page
    assert "a text that you do not see" in page


def test_a_picture_is_taken_away(people: People) -> None:
    mine, other = (
        added(people.architect, people.system, (9, 9, 9)),
        added(people.security, people.system),
    )
    client = signed_in(people.architect)
    assert "no text" in text_of(client, PAGE)
    assert client.post(f"{PAGE}{mine.uid}/remove/")["Location"] == PAGE
    assert listed(client) == []
    assert AuditEntry.objects.get(action="attachment.remove").user == people.architect
    assert client.post(f"{PAGE}{mine.uid}/remove/").status_code == 404
    assert client.post(f"{PAGE}{other.uid}/remove/").status_code == 403
    assert signed_in(people.outsider).post(f"{PAGE}{other.uid}/remove/").status_code == 404
    boss = signed_in(people.system_admin)
    assert boss.post(f"{PAGE}{other.uid}/remove/", {"all": "1"})["Location"] == f"{PAGE}?all=1"
    assert not Attachment.objects.exists()


def test_more_pictures_ask_no_more_questions(
    people: People, django_assert_max_num_queries: object
) -> None:
    for number in range(32):
        picture = added(people.security, people.system, (number, 0, 0))
        make_item(people.system, question=picture.markdown)
    client = signed_in(people.security)
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        page = client.get(PAGE)
    assert len(page.context["pictures"]) == 30
    assert len(listed(client, page.context["next_url"])) == 2

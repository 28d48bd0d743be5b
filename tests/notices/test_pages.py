"""Notices as their reader uses them."""

import pytest

from apps.notices.models import Notice, NoticeWish
from tests.conftest import People
from tests.notices.test_mail import question
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def test_opening_one_reads_it(people: People) -> None:
    client = signed_in(people.architect)
    assert "Nothing has happened yet" in text_of(client, "/notices/")
    notice = question(people.architect, people.system)
    assert '<span class="count">1</span>' in text_of(client, "/planning/")
    assert "Vera Viewer asks on PI-1, Tickets" in text_of(client, "/notices/?unread=1")
    assert signed_in(people.security).get(f"/notices/{notice.pk}/").status_code == 404
    answer = client.get(f"/notices/{notice.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, "/planning/PI-1/")
    assert "Everything is read" in text_of(client, "/notices/?unread=1")
    client.post(f"/notices/{notice.pk}/mark/", {"read": "0"})
    assert "Vera Viewer" in text_of(client, "/notices/?unread=1")


def test_all_read_up_to_what_was_shown(people: People) -> None:
    first = question(people.architect, people.system)
    question(people.architect, people.system)
    other = question(people.security, people.system)
    signed_in(people.architect).post("/notices/read/", {"through": first.pk})
    assert Notice.objects.filter(read_at=None).count() == 2
    signed_in(people.architect).post("/notices/read/", {"through": "x"})
    other.refresh_from_db()
    assert other.read_at is None


def test_how_to_be_told(people: People) -> None:
    client, path = signed_in(people.architect), "/settings/notices/"
    assert "checked" in text_of(client, path)
    form = {"shown": ["answer"], "mailed": [], "mail_every": "never"}
    assert client.post(path, form).status_code == 302
    wish = NoticeWish.objects.get(user=people.architect)
    assert "answer" not in wish.hidden
    assert "question" in wish.hidden
    assert (len(wish.unmailed), wish.mail_every) == (15, "never")
    assert "No mail goes out to you" in text_of(client, path)
    assert client.post(path, form | {"mail_every": "hourly"}).status_code == 422

"""Mails over a real SMTP connection: one a day, or as it comes; none that was read; the way out."""

import datetime as dt
import re
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership, User
from apps.catalog.models import System
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice, NoticeWish
from apps.notices.services.mail import mails_send_due, unsubscribe_token
from apps.notices.services.reading import wish_set
from apps.notices.services.tell import tell
from tests.conftest import People
from tests.factories import actor_of
from tests.factories.numbers import next_number

pytestmark = pytest.mark.django_db


class Box:
    """What a mail server took; `refuses` answers each mail with an error."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refuses:
            return "451 come back later"
        found = message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"


@pytest.fixture
def box(settings: Any) -> Iterator[Box]:
    taken = Box()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(taken, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SECOPS_MAIL_ON = settings.SECOPS_MAIL_TEXTS = True
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.BASE_URL = "https://portal.example.org"
    yield taken
    server.stop()


def question(user: User, system: System | None, text: str = "How long?") -> Notice:
    tell(
        event_id=next_number(),
        kind=NoticeKind.QUESTION,
        people=[user],
        path="/planning/PI-1/",
        system=system,
        facts={"who": "Vera Viewer", "on": "PI-1, Tickets", "text": text},
    )
    return Notice.objects.filter(user=user).latest("pk")


def test_what_came_together_is_one_mail_a_day(people: People, box: Box) -> None:
    for number in range(3):
        question(people.architect, people.system, f"Question {number}?")
    assert mails_send_due() == 1
    (mail,) = box.mails
    assert mail["To"] == people.architect.email
    assert mail["Subject"] == "SecOps Portal: 3 notices"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Vera Viewer asks on PI-1, Tickets (Payments)" in text
    assert [each in text for each in ("Question 0?", "Question 1?", "Question 2?")] == [True] * 3
    assert f"https://portal.example.org/notices/{Notice.objects.latest('pk').pk}/" in text
    question(people.architect, people.system)
    assert mails_send_due() == 0
    NoticeWish.objects.update(last_mail_at=timezone.now() - dt.timedelta(hours=24))
    assert mails_send_due() == 1
    assert mails_send_due() == 0
    assert len(box.mails) == 2


def test_what_people_wrote_stays_in_the_portal_unless_the_operator_lets_it_out(
    people: People, box: Box, settings: Any
) -> None:
    settings.SECOPS_MAIL_TEXTS = False
    question(people.architect, people.system, "Is the key still in the repository?")
    assert mails_send_due() == 1
    (mail,) = box.mails
    for kind in ("plain", "html"):
        text = mail.get_body((kind,)).get_content()  # type: ignore[union-attr]
        assert "Vera Viewer asks on PI-1, Tickets" in text
        assert "repository" not in text


def test_as_it_comes(people: People, box: Box) -> None:
    wish_set(actor=actor_of(people.architect), hidden=[], unmailed=[], mail_every="once")
    for _ in range(2):
        question(people.architect, people.system)
        assert mails_send_due() == 1
    assert box.mails[0]["Subject"] == "SecOps Portal: Vera Viewer asks on PI-1, Tickets"


def test_what_was_read_or_may_not_be_seen_is_not_mailed(people: People, box: Box) -> None:
    question(people.architect, people.system)
    Notice.objects.update(read_at=timezone.now())
    question(people.viewer, people.system)
    Membership.objects.filter(user=people.viewer).delete()
    assert mails_send_due() == 0
    assert box.mails == []
    assert not Notice.objects.filter(is_due=True).exists()


def test_a_mail_that_fails_stays_due(people: People, box: Box) -> None:
    question(people.architect, people.system)
    question(people.security, people.system)
    box.refuses = True
    assert mails_send_due() == 0
    box.refuses = False
    assert mails_send_due() == 2


def test_without_a_mail_server_nothing_is_sent_and_nothing_lost(
    people: People, box: Box, settings: Any
) -> None:
    settings.SECOPS_MAIL_ON = False
    question(people.architect, people.system)
    assert mails_send_due() == 0
    settings.SECOPS_MAIL_ON = True
    assert mails_send_due() == 1


def test_texts_of_others_make_no_tag_and_no_header(people: People, box: Box) -> None:
    tell(
        event_id=next_number(),
        kind=NoticeKind.QUESTION,
        people=[people.architect],
        path="/planning/PI-1/",
        system=people.system,
        facts={
            "who": "Eve\r\nBcc: all@example.org",
            "on": "PI-1",
            "text": "<script>alert(1)</script><img src=x>",
        },
    )
    assert mails_send_due() == 1
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_the_way_out_from_the_mail(people: People, box: Box) -> None:
    question(people.architect, people.system)
    mails_send_due()
    (mail,) = box.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"  # RFC 8058, section 3.1
    address = mail["List-Unsubscribe"].strip()
    link = re.fullmatch(r"<https://portal\.example\.org(/unsubscribe/.+/)>", address)
    assert link is not None
    client = Client(enforce_csrf_checks=True)
    asks = client.get(link[1])
    assert asks.status_code == 200
    assert "Stop the mails?" in asks.content.decode()
    question(people.architect, people.system)
    assert Notice.objects.filter(is_due=True).exists()  # looking changed nothing
    done = client.post(link[1], {"List-Unsubscribe": "One-Click"})
    assert "No more mails" in done.content.decode()
    NoticeWish.objects.update(last_mail_at=None)
    question(people.architect, people.system)
    assert mails_send_due() == 0
    assert Notice.objects.filter(user=people.architect, is_shown=True).count() == 3


@pytest.mark.parametrize("token", ["nonsense", "MQ:1abc:xyz"])
def test_a_link_that_is_not_ours(people: People, token: str) -> None:
    for answer in (Client().get(f"/unsubscribe/{token}/"), Client().post(f"/unsubscribe/{token}/")):
        assert answer.status_code == 404
    whole = unsubscribe_token(people.viewer)
    assert Client().get(f"/unsubscribe/{whole[:-1]}/").status_code == 404
    assert not NoticeWish.objects.exists()


def test_a_mail_is_in_the_language_of_whom_it_goes_to(people: People, box: Box) -> None:
    """The worker's own language, and that of whoever is served next, stays what it was."""
    User.objects.filter(pk=people.architect.pk).update(language="de")
    question(people.architect, people.system)
    question(people.security, people.system)
    assert mails_send_due() == 2
    said = {
        mail["To"]: mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
        for mail in box.mails
    }
    assert '<html lang="de">' in said[people.architect.email]
    assert '<html lang="en">' in said[people.security.email]

"""Pictures in texts: who may add and see them, how many, and what becomes of those that no text names."""

import datetime as dt
import re
import time
import uuid
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.roles import Scope
from apps.attachments.models import Attachment
from apps.attachments.pictures import Picture, read_picture
from apps.attachments.services.attachments import (
    attachment_add,
    attachment_remove,
    unused_sweep,
)
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted, TooMany
from apps.common.holds import FILES
from apps.common.markdown import absolute, glance, render
from apps.planning.services.decisions import decision_record
from apps.planning.services.questions import question_ask
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_guidance, make_item, make_option, make_token
from tests.factories.attachments import make_attachment, picture_bytes
from tests.pages import signed_in, text_of
from tests.scans.test_storage import files_in

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def upload(name: str = "map.png", data: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data or picture_bytes())


def add(actor: Actor, system: Any, data: bytes = b"") -> Attachment:
    return attachment_add(actor=actor, system=system, file=BytesIO(data or picture_bytes()))


def body_of(answer: Any) -> bytes:
    """Read to the end, so that the file is closed."""
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


# --- who -------------------------------------------------------------------------------------------


def test_who_may_add_one(people: People) -> None:
    for person in (people.viewer, people.architect, people.security, people.system_admin):
        assert add(actor_of(person), people.system).created_by == person
    with pytest.raises(Missing):
        add(actor_of(people.outsider), people.system)
    add(actor_of(people.nobody), None)  # the library is open to everyone who signs in
    reads = Actor(user=people.viewer, token=make_token(people.viewer, Scope.READ).token)
    for system in (people.system, None):
        with pytest.raises(NotPermitted):
            add(reads, system)
    entry = AuditEntry.objects.filter(action="attachment.add", user=people.viewer).get()
    assert entry.system_id == people.system.pk
    assert entry.changes["pixels"] == [40, 30]


def test_who_may_see_one(people: People) -> None:
    ours, library = make_attachment(people.system), make_attachment(None)
    address = f"/attachments/{ours.uid}"
    answer = signed_in(people.viewer).get(address)
    assert answer.status_code == 200
    assert body_of(answer).startswith(b"\x89PNG")
    told = {
        "Content-Type": "image/png",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'inline; filename="picture-{str(ours.uid)[:8]}.png"',
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
    assert {name: answer[name] for name in told} == told
    policy = set(answer["Content-Security-Policy"].split("; "))
    assert policy == {"default-src 'none'", "sandbox"}
    for stranger in (people.outsider, people.nobody):
        assert signed_in(stranger).get(address).status_code == 404
        assert body_of(signed_in(stranger).get(f"/attachments/{library.uid}"))
    assert Client().get(address).status_code == 302  # to the sign-in
    assert signed_in(people.viewer).get(f"/attachments/{uuid.uuid4()}").status_code == 404


def test_a_picture_whose_bytes_are_gone(people: People, data_folder: Path) -> None:
    row = make_attachment(people.system)
    (data_folder / row.storage_name).unlink()
    assert signed_in(people.viewer).get(f"/attachments/{row.uid}").status_code == 404


# --- how they are kept ------------------------------------------------------------------------------


def test_the_same_bytes_lie_there_once(people: People, data_folder: Path) -> None:
    mine, again = (add(actor_of(people.viewer), people.system) for _time in range(2))
    other = add(actor_of(people.outsider), people.other_system)
    assert mine == again
    assert mine.uid != other.uid
    assert len(files_in(data_folder)) == 1
    assert AuditEntry.objects.filter(action="attachment.add").count() == 2


def test_a_person_has_so_many_a_day(people: People, settings: Any) -> None:
    settings.SECOPS_IMAGES_A_DAY = 2
    viewer = actor_of(people.viewer)
    first = add(viewer, people.system, picture_bytes(colour="red"))
    add(viewer, None, picture_bytes(colour="blue"))
    with pytest.raises(TooMany, match="2 pictures"):
        add(viewer, people.system, picture_bytes(colour="green"))
    add(actor_of(people.architect), people.system)  # is somebody else
    Attachment.objects.filter(pk=first.pk).update(
        created_at=timezone.now() - dt.timedelta(hours=25)
    )
    add(viewer, people.system, picture_bytes(colour="green"))
    settings.SECOPS_IMAGES_A_DAY, settings.SECOPS_IMAGE_BYTES_A_DAY = 10, 1
    with pytest.raises(TooMany):
        add(viewer, people.system, picture_bytes(colour="white"))


def test_pictures_at_the_same_time_share_the_quota(
    people: People, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECOPS_IMAGES_A_DAY = 1

    def meanwhile(file: IO[bytes]) -> Picture:
        Attachment.objects.create(
            system=people.system, created_by=people.viewer, sha256="0" * 64, media_type="image/png",
            size=1, width=1, height=1,
        )  # fmt: skip
        return read_picture(file)

    monkeypatch.setattr("apps.attachments.services.attachments.read_picture", meanwhile)
    with pytest.raises(TooMany):
        add(actor_of(people.viewer), people.system, picture_bytes(colour="red"))
    assert Attachment.objects.count() == 1


def test_what_is_too_large_or_empty(people: People, settings: Any, data_folder: Path) -> None:
    settings.SECOPS_MAX_IMAGE_BYTES = 1024
    for data in (b"x" * 1025, b""):
        with pytest.raises(Invalid) as caught:
            attachment_add(actor=TESTS, system=people.system, file=BytesIO(data))
        assert set(caught.value.fields) == {"file"}
    assert not Attachment.objects.exists()
    assert files_in(data_folder) == []


# --- how they go ------------------------------------------------------------------------------------


def unused_for(row: Attachment, days: int) -> None:
    Attachment.objects.filter(pk=row.pk).update(
        unused_since=timezone.now() - dt.timedelta(days=days)
    )


def test_what_no_text_names_goes_after_a_time(people: People, data_folder: Path) -> None:
    item = make_item(people.system)
    asked, written, loose, back = (
        make_attachment(system, colour=colour)
        for system, colour in (
            (people.system, "red"),
            (None, "green"),
            (people.system, "blue"),
            (people.system, "white"),
        )
    )
    question_ask(
        actor=actor_of(people.viewer), item=item, body=f"Like this?\n\n{asked.markdown}\nSo?"
    )
    make_guidance(body=f"## How\n\n![A map]({written.address})")
    assert unused_sweep() == 0
    assert set(Attachment.objects.filter(unused_since=None)) == {asked, written}
    unused_for(loose, 29)
    unused_for(back, 31)
    question_ask(actor=actor_of(people.viewer), item=item, body=f"And ![]({back.address})?")
    assert unused_sweep() == 0  # it is named again in time
    unused_for(loose, 31)
    assert unused_sweep() == 1
    assert set(Attachment.objects.all()) == {asked, written, back}
    assert len(files_in(data_folder)) == 3
    entry = AuditEntry.objects.get(action="attachment.remove")
    assert (entry.actor_label, entry.system_id) == ("portal: attachments", people.system.pk)


def test_a_file_stays_while_a_row_needs_it(people: People, data_folder: Path) -> None:
    ours, theirs = make_attachment(people.system), make_attachment(people.other_system)
    unused_for(ours, 31)
    question_ask(actor=TESTS, item=make_item(people.other_system), body=theirs.markdown)
    assert unused_sweep() == 1
    assert len(files_in(data_folder)) == 1
    assert body_of(signed_in(people.outsider).get(f"/attachments/{theirs.uid}"))


def test_every_text_that_shows_pictures_counts(settings: Any, people: People) -> None:
    """Each column is there; one that is not would stop the sweep."""
    for column in settings.SECOPS_MARKDOWN_TEXTS:
        settings.SECOPS_MARKDOWN_TEXTS = [column]
        unused_sweep()


@pytest.mark.django_db(transaction=True)
def test_nothing_goes_while_a_backup_copies(people: People) -> None:
    row = add(actor_of(people.viewer), people.system)
    unused_for(row, 31)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(%s)", [FILES])
        assert unused_sweep() == 0
        with pytest.raises(Conflict):
            attachment_remove(actor=actor_of(people.viewer), attachment=row)
        with other.cursor() as cursor:  # a session that is closed lets go a moment later
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [FILES])
    finally:
        other.close()
    assert unused_sweep() == 1


def test_one_that_shows_a_secret_goes_at_once(people: People, data_folder: Path) -> None:
    row = add(actor_of(people.viewer), people.system)
    for person in (people.architect, people.security):
        with pytest.raises(NotPermitted):
            attachment_remove(actor=actor_of(person), attachment=row)
    attachment_remove(actor=actor_of(people.viewer), attachment=row)
    assert files_in(data_folder) == []
    row = add(actor_of(people.viewer), people.system)
    attachment_remove(actor=actor_of(people.system_admin), attachment=row)
    assert AuditEntry.objects.filter(action="attachment.remove").count() == 2


# --- in texts ---------------------------------------------------------------------------------------


def test_a_text_shows_its_pictures_and_no_others(people: People) -> None:
    row = make_attachment(people.system)
    html = render(f"![Two zones]({row.address})")
    assert (
        f'<img src="/attachments/{row.uid}" alt="Two zones" width="40" height="30" '
        'loading="lazy" decoding="async">'
    ) in html
    assert f'<a href="/attachments/{row.uid}"' in html
    for source in (
        "https://evil.example/p.png",
        "//evil.example/p.png",
        f"//evil.example/attachments/{row.uid}",
        "/sign-out/",
        f"/attachments/{row.uid}/../../sign-out/",
        f"/attachments/{row.uid}?x",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
    ):
        assert "<img" not in render(f"![x]({source})"), source
    assert '<a href="https://evil.example/p.png"' in render("![x](https://evil.example/p.png)")
    assert "<img" not in render(f'<img src="/attachments/{row.uid}">')
    assert "onerror" not in render(f'![" onerror="x]({row.address})').replace("&quot; onerror", "")


def test_a_picture_in_a_link_does_not_lead_elsewhere(people: People) -> None:
    row = make_attachment(people.system)
    html = render(f"[![x]({row.address})](https://example.org/) ![y]({row.address})")
    assert re.findall(r'href="([^"]+)"', html) == [
        "https://example.org/",
        f"/attachments/{row.uid}",
    ]


@pytest.mark.parametrize(
    ("show", "text"),
    [
        (render, "![a](b)" * 8000),
        (glance, "![" * 50_000),
        (lambda text: absolute(text, "https://portal.example"), "![" * 50_000),
    ],
)
def test_a_text_of_pictures_alone_takes_no_longer_than_its_length(
    show: Callable[[str], str], text: str
) -> None:
    """Twice the text, twice the time: it was four times, half a minute for one text."""
    half = _seconds(show, text[: len(text) // 2])
    assert _seconds(show, text) < 3 * half + 0.5


def _seconds(show: Callable[[str], str], text: str) -> float:
    began = time.process_time()
    show(text)
    return time.process_time() - began


def test_in_one_line_a_picture_is_its_words(people: People) -> None:
    row = make_attachment(people.system)
    body = f"Is it this?\n\n![Two zones \\[old\\]]({row.address}) and ![]({row.address})"
    assert glance(body) == "Is it this? Two zones [old] and [picture]"
    assert glance("![x](https://evil.example/p.png)") == "x"
    asked = make_item(people.system)
    question_ask(actor=actor_of(people.viewer), item=asked, body=body)
    home = text_of(signed_in(people.security), "/")
    assert "Two zones [old]" in home
    assert str(row.uid) not in home


def test_a_record_names_pictures_from_outside(people: People, settings: Any) -> None:
    row = make_attachment(people.system)
    item = make_item(people.system)
    option = make_option(item)
    made = decision_record(
        actor=TESTS, item=item, option=option, reason=f"See ![A map]({row.address})."
    )
    client = signed_in(people.viewer)
    record = client.get(f"/planning/{item.key}/decisions/{made.pk}.md").content.decode()
    assert f"See ![A map]({settings.BASE_URL}/attachments/{row.uid})." in record


# --- pages ------------------------------------------------------------------------------------------


def test_the_script_gets_an_address_or_a_sentence(people: People) -> None:
    client = signed_in(people.viewer)
    answer = client.post("/attachments/", {"system": "payments", "file": upload()})
    row = Attachment.objects.get()
    assert answer.json() == {"address": f"/attachments/{row.uid}#40x30"}
    assert row.system == people.system
    wrong = client.post("/attachments/", {"system": "payments", "file": upload(data=b"<svg/>")})
    assert wrong.status_code == 422
    assert "no picture" in wrong.json()["error"]
    german = client.post(
        "/attachments/",
        {"system": "payments", "file": upload(data=b"<svg/>")},
        headers={"Accept-Language": "de"},
    )
    assert "kein Bild" in german.json()["error"]
    assert client.post("/attachments/", {"system": "payroll", "file": upload()}).status_code == 404
    assert client.post("/attachments/", {"system": "payments"}).status_code == 422
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.viewer)
    assert strict.post("/attachments/", {"file": upload()}).status_code == 403


def test_without_script_a_page_gives_the_line(people: People) -> None:
    client = signed_in(people.viewer)
    item = make_item(people.system)
    page = text_of(client, f"/planning/{item.key}/")
    assert "/attachments/new/?system=payments" in page
    text_of(client, "/attachments/new/?system=payments")
    answer = client.post("/attachments/new/", {"system": "payments", "file": upload()})
    row = Attachment.objects.get()
    assert f"](/attachments/{row.uid}#40x30)" in answer.content.decode()
    wrong = client.post("/attachments/new/", {"system": "payments", "file": upload(data=b"x")})
    assert wrong.status_code == 422
    assert "no picture" in wrong.content.decode()
    assert client.post("/attachments/new/", {"system": "no", "file": upload()}).status_code == 404


# --- API --------------------------------------------------------------------------------------------


def post(api: Api, data: bytes = b"", system: str = "payments", **headers: str) -> Any:
    sent = api.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    fields = {"file": upload(data=data)} | ({"system": system} if system else {})
    return api.client.post("/api/v1/attachments", fields, headers=sent)


def test_the_api_adds_reads_and_removes(people: People) -> None:
    api = as_user(people.viewer)
    made = post(api)
    assert made.status_code == 201
    told = made.json()
    assert told["markdown"] == f"![](/attachments/{told['uid']}#40x30)"
    assert (told["system"], told["media_type"], told["width"]) == ("payments", "image/png", 40)
    path = f"/attachments/{told['uid']}"
    assert api.get(path).json() == told
    content = api.get(f"{path}/content")
    assert content["Content-Type"] == "image/png"
    assert body_of(content).startswith(b"\x89PNG")
    stranger = as_user(people.outsider)
    for method, address in (
        (stranger.get, path),
        (stranger.get, f"{path}/content"),
        (stranger.delete, path),
    ):
        assert method(address).status_code == 404
    assert post(as_pipeline(people.system)).status_code == 403
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_the_api_refuses(people: People, settings: Any) -> None:
    api = as_user(people.viewer)
    assert problem_fields(post(api, b"no picture")) == {"file"}
    assert post(api, system="payroll").status_code == 404
    answer = api.client.post("/api/v1/attachments", {"systm": "x"}, headers=api.headers)
    assert problem_fields(answer) == {"file", "systm"} or "systm" in problem_fields(answer)
    assert api.post("/attachments", {"file": "x"}).status_code == 415
    settings.SECOPS_IMAGES_A_DAY = 1
    assert post(api).status_code == 201
    assert post(api, picture_bytes(colour="red")).status_code == 429
    settings.SECOPS_MAX_IMAGE_BYTES = 100
    assert post(api, b"x" * 70_000).status_code == 413


def test_sent_again_it_is_the_same(people: People) -> None:
    api = as_user(people.viewer)
    first = post(api, idempotency_key="a")
    again = post(api, idempotency_key="a")
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    other = post(api, picture_bytes(colour="red"), idempotency_key="a")
    assert problem_fields(other) == {"Idempotency-Key"}
    assert Attachment.objects.count() == 1

"""What people paste of a tracker, and that it makes no second item."""

import pytest
from django.test import Client

from apps.audit.models import AuditEntry
from apps.planning.models import PlanningItem
from apps.planning.references import Reference, split_reference
from tests.conftest import People
from tests.factories import make_item
from tests.pages import signed_in, text_of

MERGE = "https://gitlab.example.org/harbour/booking/-/merge_requests/7"
GITHUB = "https://github.com/alderhaven/booking/issues/12"
GITLAB = "https://gitlab.example.org/harbour/deep/booking/-/issues/7"
JIRA = "https://alderhaven.atlassian.net/browse/PAY-142"


# The addresses are those that the three products show in the browser's address bar.
@pytest.mark.parametrize(
    ("text", "title", "key", "url"),
    [
        (GITHUB, "", "alderhaven/booking#12", GITHUB),
        (f"{GITHUB}?q=x#issuecomment-1", "", "alderhaven/booking#12", GITHUB),
        (f"Sign addresses: {GITHUB}/", "Sign addresses", "alderhaven/booking#12", GITHUB),
        (GITHUB.replace("issues", "pull"), "", "alderhaven/booking#12", GITHUB.replace("issues", "pull")),
        (GITLAB, "", "harbour/deep/booking#7", GITLAB),
        (MERGE, "", "harbour/booking!7", MERGE),
        (JIRA, "", "PAY-142", JIRA),
        ("https://jira.example.org/jira/browse/PAY-1", "", "PAY-1", "https://jira.example.org/jira/browse/PAY-1"),
        (
            "https://a.atlassian.net/jira/software/projects/PAY/boards/1?selectedIssue=PAY-9",
            "",
            "PAY-9",
            "https://a.atlassian.net/jira/software/projects/PAY/boards/1?selectedIssue=PAY-9",
        ),
        ("PAY-142", "", "PAY-142", ""),
        ("PAY-142: Receive invoices", "Receive invoices", "PAY-142", ""),
        ("Receive invoices PAY-142", "Receive invoices", "PAY-142", ""),
        ("What PAY-142 says of links", "What PAY-142 says of links", "PAY-142", ""),
        ("alderhaven/booking#12 Links", "Links", "alderhaven/booking#12", ""),
        ("https://example.org/wiki/links", "", "", "https://example.org/wiki/links"),
        ("HTTPS://Example.org/x", "", "", "https://example.org/x"),
        # No reference: words that only look like one, and addresses that nobody may keep.
        ("Receive invoices", "Receive invoices", "", ""),
        ("Rotate keys of utf-8 files", "Rotate keys of utf-8 files", "", ""),
        ("https://user:secret@example.org/browse/PAY-1", "https://user:secret@example.org/browse/PAY-1", "", ""),
        ("javascript:alert(1)", "javascript:alert(1)", "", ""),
        ("https://[", "https://[", "", ""),
        (f"https://example.org/{'x' * 500}", f"https://example.org/{'x' * 500}", "", ""),
    ],
)  # fmt: skip
def test_what_is_pasted_is_read(text: str, title: str, key: str, url: str) -> None:
    assert split_reference(text) == (title, Reference(key=key, url=url))


def _add(client: Client, text: str, **more: str) -> PlanningItem | None:
    answer = client.post("/planning/quick/", {"text": text, "system": "payments"} | more)
    if answer.status_code != 302 or not answer.headers["Location"].startswith("/planning/PI-"):
        return None
    return PlanningItem.objects.latest("id")


def test_an_item_is_added_in_one_line(people: People) -> None:
    client = signed_in(people.architect)
    item = _add(client, f"Sign addresses {GITHUB}")
    assert item is not None
    assert (item.title, item.tracker_key) == ("Sign addresses", "alderhaven/booking#12")
    assert (item.tracker_url, item.system) == (GITHUB, people.system)
    assert "until you edit its title" not in text_of(client, f"/planning/PI-{item.pk}/")
    assert AuditEntry.objects.filter(action="item.create", object_id=str(item.pk)).exists()
    alone = _add(client, "PAY-142")
    assert alone is not None
    assert (alone.title, alone.tracker_key) == ("PAY-142", "PAY-142")
    assert "called PAY-142 until you edit its title" in text_of(client, f"/planning/PI-{alone.pk}/")


@pytest.mark.parametrize(
    ("there", "pasted"),
    [
        ({"tracker_url": GITHUB}, f"{GITHUB}/?x=1"),
        ({"tracker_key": "pay-142"}, "PAY-142"),
        ({"tracker_url": JIRA}, "PAY-142 again"),
        ({"tracker_key": "PAY-142"}, JIRA),
    ],
)
def test_what_is_there_already_is_offered(
    people: People, there: dict[str, str], pasted: str
) -> None:
    make_item(people.other_system, title="Not yours", **there)
    own = make_item(people.system, title="Receive invoices", **there)
    client = signed_in(people.architect)
    answer = client.post("/planning/quick/", {"text": pasted, "system": "payments"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert f"{own.key} Receive invoices" in page
    assert "Not yours" not in page
    assert PlanningItem.objects.count() == 2
    form = {name: answer.context["form"][name].value() for name in answer.context["form"].fields}
    saved = client.post("/planning/new/", {k: v for k, v in form.items() if v is not None})
    assert saved.status_code == 302  # for who wants a second item all the same
    assert PlanningItem.objects.count() == 3


def test_who_may_not_write_adds_nothing(people: People) -> None:
    assert "planning/quick" not in signed_in(people.viewer).get("/planning/").content.decode()
    typed = {"text": "PAY-1", "system": "payments"}
    assert signed_in(people.viewer).post("/planning/quick/", typed).status_code == 403
    client = signed_in(people.architect)
    for wrong in ({"system": "payroll"}, {"text": ""}, {"text": "x" * 201}, {"text": "x" * 701}):
        given = {"text": "A", "system": "payments"} | wrong
        answer = client.post("/planning/quick/", given)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "errorlist" in page
        assert given["text"] in page  # nothing typed is lost
    assert not PlanningItem.objects.exists()


def test_the_forms_read_the_key_out_of_the_address(people: People) -> None:
    client = signed_in(people.architect)
    typed = {"title": "Links", "system": "payments", "kind": "story", "stage": "plan"}
    client.post("/planning/new/", typed | {"tracker_url": GITLAB})
    client.post("/planning/new/", typed | {"tracker_key": GITHUB})
    kept = PlanningItem.objects.order_by("id").values_list("tracker_key", "tracker_url")
    assert list(kept) == [("harbour/deep/booking#7", GITLAB), ("alderhaven/booking#12", GITHUB)]

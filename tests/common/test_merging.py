"""Two people edit the same thing: what only one changed stands, what both changed is chosen."""

import re
from collections.abc import Callable

import pytest
from django import forms
from django.http import QueryDict

from apps.common.forms import VersionedForm
from apps.common.merging import joined, text_of
from apps.outbound.services.webhooks import webhook_create
from apps.planning.services.items import item_edit
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_automation,
    make_control,
    make_guidance,
    make_item,
    make_option,
    make_source,
)
from tests.pages import signed_in


class Form(VersionedForm):
    title = forms.CharField()
    text = forms.CharField(widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(choices=[("a", "Apple"), ("b", "Beech")])
    marks = forms.MultipleChoiceField(choices=[("x", "X"), ("y", "Y")], required=False)
    is_on = forms.BooleanField(required=False)
    cost = forms.DecimalField(required=False, localize=True)


READ = {
    "version": 1,
    "title": "Old",
    "text": "one\ntwo",
    "kind": "a",
    "marks": ["x"],
    "is_on": False,
    "cost": None,
}


def sent(**changes: object) -> QueryDict:
    """What a browser sends of a page that showed READ, with changes."""
    hidden = Form(initial=READ)["version"].as_widget()
    (read,) = re.findall(r'name="version-read" value="([^"]+)"', str(hidden))
    data = QueryDict(mutable=True)
    values = {"version": "1", "version-read": read} | READ | {"version": "1"} | changes
    for name, value in values.items():
        if isinstance(value, list):
            data.setlist(name, value)
        elif value not in {None, False}:
            data[name] = "on" if value is True else str(value).replace("\n", "\r\n")
    return data


def conflicted(data: QueryDict, **now: object) -> Form:
    form = Form(data, initial=READ | {"version": 2} | now)
    assert form.is_valid(), form.errors
    form.add_conflict(current_version=2)
    return form


def test_what_only_one_changed_stands_and_nothing_is_asked() -> None:
    form = conflicted(
        sent(title="Mine", marks=["x", "y"]),
        text="theirs\ntwo",
        kind="b",
        is_on=True,
        marks=["x"],
        cost=3,
    )
    assert form.differences == []
    assert form.taken == ["Text", "Kind", "Is on", "Cost"]
    again = Form(form.data, initial=READ | {"version": 2})
    assert again.is_valid()
    assert again.cleaned_data == {
        "version": 2,
        "title": "Mine",
        "text": "theirs\ntwo",
        "kind": "b",
        "marks": ["x", "y"],
        "is_on": True,
        "cost": 3,
    }


def test_what_both_changed_is_shown_in_words() -> None:
    form = conflicted(
        sent(title="Mine", text="one\nmine", kind="b"), title="Theirs", text="one\ntheirs"
    )
    title, text = form.differences
    assert (title.mine, title.theirs, title.lines, title.may_join) == ("Mine", "Theirs", (), False)
    assert [(line.kind, line.text) for line in text.lines] == [
        ("same", "one"),
        ("removed", "theirs"),
        ("added", "mine"),
    ]
    assert form["version"].value() == "2"
    marks = conflicted(sent(marks=["y"]), marks=[]).differences
    assert [(each.mine, each.theirs) for each in marks] == [("Y", "")]


@pytest.mark.parametrize(
    ("choice", "title", "text"),
    [
        ("mine", "Mine", "one\nmine"),
        ("theirs", "Theirs", "one\ntheirs"),
        ("both", "Mine", "one\ntheirs\nmine"),
        ("nonsense", "Mine", "one\nmine"),
    ],
)
def test_the_choice_is_taken(choice: str, title: str, text: str) -> None:
    now = READ | {"version": 2, "title": "Theirs", "text": "one\ntheirs"}
    data = sent(title="Mine", text="one\nmine", version="2")
    data["merge-title"] = data["merge-text"] = choice
    form = Form(data, initial=now)
    assert form.is_valid()
    assert (form.cleaned_data["title"], form.cleaned_data["text"].split()) == (title, text.split())


def test_without_what_was_read_every_difference_is_asked() -> None:
    data = sent(title="Mine")
    del data["version-read"]
    form = conflicted(data, kind="b")
    assert [each.label for each in form.differences] == ["Title", "Kind"]
    odd = sent(title="Mine")
    odd["version-read"] = "::,,title" + "x" * 30_000
    assert [each.label for each in conflicted(odd, title="Theirs").differences] == ["Title"]


def test_lines_that_both_have_stand_once() -> None:
    assert joined("a\nb\nc", "a\nx\nc\nd") == "a\nb\n\nx\nc\nd"
    assert joined("", "a") == "a"


@pytest.mark.django_db
def test_a_page_asks_for_what_differs_alone(people: People) -> None:
    item = make_item(people.system, title="Old", question="one\ntwo")
    client, path = signed_in(people.architect), f"/planning/PI-{item.pk}/edit/"
    page = client.get(path).content.decode()
    (read,) = re.findall(r'name="version-read" value="([^"]+)"', page)
    typed = {"title": "Mine", "question": "one\r\nmine", "kind": item.kind, "stage": item.stage}
    typed |= {"status": item.status, "version": "1", "version-read": read}
    item_edit(
        actor=actor_of(people.chief), item=item, version=1, question="theirs\ntwo", stage="build"
    )
    answer = client.post(path, typed)
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert re.findall(r"<legend>([^<]+)<", shown) == ["Question"]
    assert "taken over: Stage" in shown
    form = answer.context["form"]
    rest = {name: form[name].value() for name in ("title", "question", "kind", "stage", "status")}
    (read,) = re.findall(r'name="version-read" value="([^"]+)"', shown)
    chosen = rest | {"version": "2", "version-read": read, "merge-question": "both"}
    assert client.post(path, chosen).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.stage) == ("Mine", "build")
    assert item.question.split() == ["theirs", "two", "one", "mine"]


def coverage_path(_people: People) -> str:
    return "/coverage/medium/"


def webhook_path(people: People) -> str:
    typed = {"name": "Old", "url": "https://hooks.example.org/a", "kind": "standard"}
    made = webhook_create(
        actor=actor_of(people.admin), events=["report.failed"], system=None, **typed
    )
    return f"/webhooks/{made.webhook.pk}/edit/"


PAGES: dict[str, tuple[Callable[[People], str], str]] = {
    "item": (lambda people: f"/planning/PI-{make_item(people.system).pk}/edit/", "title"),
    "option": (
        lambda people: f"/planning/options/{make_option(make_item(people.system)).pk}/edit/",
        "description",
    ),
    "guidance": (lambda _people: f"/guidance/G-{make_guidance().pk}/edit/", "body"),
    "system": (lambda _people: "/systems/payments/edit/", "name"),
    "automation": (
        lambda people: f"/automation/AU-{make_automation(people.system).pk}/edit/",
        "name",
    ),
    "control": (lambda people: f"/controls/C-{make_control(people.system).pk}/edit/", "name"),
    "source": (lambda people: f"/sources/{make_source(people.system).pk}/edit/", "name"),
    "coverage": (coverage_path, "days_1"),
    "webhook": (webhook_path, "name"),
}


def shown_of(form: forms.Form) -> dict[str, object]:
    """What a browser sends of the form as it is shown."""
    read = re.findall(r'name="version-read" value="([^"]+)"', str(form["version"]))
    sent: dict[str, object] = {"version": str(form["version"].value()), "version-read": read[0]}
    for bound in form:
        text = text_of(bound.field, bound.value())
        if bound.name != "version" and text:
            sent[bound.html_name] = list(text) if isinstance(text, tuple) else text
    return sent


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_every_form_shows_what_the_other_person_wrote(people: People, name: str) -> None:
    make, field = PAGES[name]
    path, client = make(people), signed_in(people.admin)
    typed = shown_of(client.get(path).context["form"])
    assert client.post(path, typed | {field: "31"}).status_code == 302
    late = client.post(path, typed | {field: "77"})
    assert late.status_code == 409
    form = late.context["form"]
    assert [(each.mine, each.theirs) for each in form.differences] == [("77", "31")]
    shown = late.content.decode()
    assert "Theirs" in shown
    assert "31" in shown
    again = shown_of(form) | {form.differences[0].choice: "theirs"}
    assert client.post(path, again).status_code == 302
    now = client.get(path).context["form"]
    assert str(now[field].value()) == "31"

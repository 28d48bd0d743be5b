"""One piece of guidance: reading, writing, publishing, asking."""

from decimal import Decimal

import pytest
from django.test import Client

from apps.accounts.actors import Actor
from apps.audit.models import AuditEntry
from apps.guidance.article import article
from apps.guidance.models import Guidance, GuidanceVote
from apps.guidance.services import guidance_edit, guidance_publish, guidance_retire
from apps.planning.models import Question
from tests.conftest import People
from tests.factories import make_guidance

TYPED = {
    "title": "Sign upload addresses",
    "summary": "Let each expire.",
    "body": "## Why\n\nA link that never expires is a password that never changes.",
    "stages": ["plan", "code"],
    "technologies": "s3, gcs, s3",
    "cwes": "CWE-639, 200",
    "references": "ASVS 5.0 5.2.1\nhttps://example.org/asvs\n",
    "condition": "If you hand out addresses that never end",
    "consequence": "then whoever learns one reads the document for ever",
    "controls": "Expire after ten minutes: A leak ends by itself\nLog each use",
    "frequency_low": "0.1",
    "frequency_high": "2",
    "magnitude_low": "1000",
    "magnitude_high": "50000.50",
    "rationale": "Seen twice.",
}


def test_headings_make_the_contents_and_cannot_break_out() -> None:
    text = "# First <b>&\n\nx\n\n## First <b>&\n\n#### Deep\n\n# <script>alert(1)</script>"
    made = article(text)
    assert [(each.level, each.anchor) for each in made.contents] == [
        (2, "s-first-b"),
        (3, "s-first-b-2"),
        (2, "s-scriptalert1script"),
    ]
    assert made.contents[0].text == "First <b>&"
    assert '<h2 id="s-first-b">First &lt;b&gt;&amp;</h2>' in made.html
    assert "<script" not in made.html


def test_an_article_is_written_previewed_saved_and_published(
    client: Client, people: People
) -> None:
    client.force_login(people.chief)
    preview = client.post("/guidance/new/", TYPED | {"preview": "1"})
    assert '<h2 id="s-why">Why</h2>' in preview.content.decode()
    assert "A leak ends by itself" in preview.content.decode()  # nothing typed is lost
    assert not Guidance.objects.exists()
    response = client.post("/guidance/new/", TYPED)
    guidance = Guidance.objects.get()
    assert response.headers["Location"] == f"/guidance/G-{guidance.pk}/"
    assert (guidance.technologies, guidance.cwes) == (["s3", "gcs"], [639, 200])
    assert guidance.controls == [
        {"title": "Expire after ten minutes", "effect": "A leak ends by itself"},
        {"title": "Log each use", "effect": ""},
    ]
    client.post(f"/guidance/G-{guidance.pk}/publish/", {"note": "First edition"})
    client.force_login(people.nobody)
    page = client.get(f"/guidance/G-{guidance.pk}/").content.decode()
    for words in (
        "First edition",
        "Expire after ten minutes",
        "CWE-639",
        "ASVS 5.0 5.2.1",
        "0.1 \u2013 2",
    ):
        assert words in page
    assert 'href="https://example.org/asvs" rel="noopener' in page
    assert "Edit" not in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"cwes": "CWE-79, XSS"}, "cwes"),
        ({"frequency_high": ""}, "frequency_low"),  # refused by the service
        ({"magnitude_low": "60000"}, "magnitude_low"),
        ({"references": "x" * 301}, "references"),
    ],
)
def test_a_refused_text_stays_in_the_form(
    client: Client, people: People, changes: dict[str, str], field: str
) -> None:
    client.force_login(people.chief)
    response = client.post("/guidance/new/", TYPED | changes)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "A link that never expires" in response.content.decode()


def test_ranges_read_what_people_type(client: Client, people: People) -> None:
    client.force_login(people.chief)
    said = {
        "frequency_low": "once in 10 years",
        "frequency_high": "3 per year",
        "magnitude_low": "20k",
        "magnitude_high": "1.5m",
    }
    client.post("/guidance/new/", TYPED | said)
    made = Guidance.objects.get()
    assert (made.frequency_low, made.frequency_high) == (Decimal("0.1"), Decimal(3))
    assert (made.magnitude_low, made.magnitude_high) == (Decimal(20_000), Decimal(1_500_000))
    typed = TYPED | {"magnitude_low": "1,5 Mio.", "magnitude_high": "2 Mrd.", "title": "Zwei"}
    client.post(
        "/guidance/new/",
        typed | {"frequency_low": "zweimal im Jahr"},
        headers={"Accept-Language": "de"},
    )
    second = Guidance.objects.get(title="Zwei")
    assert (second.frequency_low, second.magnitude_low) == (Decimal(2), Decimal(1_500_000))
    assert 'value="0.1"' in client.get(f"/guidance/G-{made.pk}/edit/").content.decode()


def test_a_range_that_cannot_be_read_says_what_would_be(client: Client, people: People) -> None:
    client.force_login(people.chief)
    refused = client.post("/guidance/new/", TYPED | {"frequency_low": "5 %", "magnitude_low": "?"})
    errors = refused.context["form"].errors
    assert list(errors) == ["frequency_low", "magnitude_low"]
    assert "once in 10 years" in errors["frequency_low"][0]
    assert "20k" in errors["magnitude_low"][0]
    assert 'value="5 %"' in refused.content.decode()


def test_two_writers_do_not_overwrite_each_other(client: Client, people: People) -> None:
    guidance = make_guidance(body="One line.\nAnother line.")
    read = {"version": guidance.version}
    guidance_edit(
        actor=Actor(user=people.admin), guidance=guidance, version=1, body="Theirs.\nAnother line."
    )
    client.force_login(people.chief)
    address = f"/guidance/G-{guidance.pk}/edit/"
    typed = TYPED | {"body": "Mine.\nAnother line."}
    response = client.post(address, typed | read)
    assert response.status_code == 409
    page = response.content.decode()
    assert "Theirs." in page
    assert "Mine." in page
    guidance.refresh_from_db()
    assert guidance.body.startswith("Theirs.")
    again = response.context["form"]["version"].value()
    assert client.post(address, typed | {"version": again}).status_code == 302
    guidance.refresh_from_db()
    assert guidance.body.startswith("Mine.")


@pytest.mark.parametrize("who", ["viewer", "architect", "security", "nobody"])
def test_who_does_not_write_meets_no_draft_and_no_form(
    client: Client, people: People, who: str
) -> None:
    draft = make_guidance()
    public = make_guidance(published=True)
    client.force_login(getattr(people, who))
    assert client.get(f"/guidance/G-{draft.pk}/").status_code == 404
    assert client.get(f"/guidance/G-{draft.pk}/versions/").status_code == 404
    assert client.get("/guidance/new/").status_code == 403
    for page in ("edit", "publish", "retire"):
        answer = client.get if page == "edit" else client.post
        assert answer(f"/guidance/G-{public.pk}/{page}/").status_code == 403
    public.refresh_from_db()
    assert public.state == "published"


def test_versions_are_compared(client: Client, people: People) -> None:
    guidance = make_guidance(published=True, body="Ten minutes.")
    guidance_edit(actor=Actor(user=people.chief), guidance=guidance, version=None, body="An hour.")
    guidance_publish(actor=Actor(user=people.chief), guidance=guidance, note="Longer")
    client.force_login(people.nobody)
    page = client.get(f"/guidance/G-{guidance.pk}/versions/?from=1&to=2")
    kinds = {(line.kind, line.text) for line in page.context["diff"]}
    assert ("removed", "Advice: Ten minutes.") in kinds
    assert ("added", "Advice: An hour.") in kinds
    assert client.get(f"/guidance/G-{guidance.pk}/versions/?from=7").status_code == 404
    old = client.get(f"/guidance/G-{guidance.pk}/versions/1/").content.decode()
    assert "Ten minutes." in old


def test_retired_guidance_says_so(client: Client, people: People) -> None:
    guidance = make_guidance(published=True)
    client.force_login(people.chief)
    client.post(f"/guidance/G-{guidance.pk}/retire/")
    page = client.get(f"/guidance/G-{guidance.pk}/").content.decode()
    assert "This advice is retired" in page
    assert "Use on an item" not in page


def test_a_question_is_asked_answered_and_accepted(client: Client, people: People) -> None:
    guidance = make_guidance(published=True)
    address = f"/guidance/G-{guidance.pk}/"
    client.force_login(people.nobody)
    assert client.post(f"{address}questions/", {"body": "  "}).status_code == 422
    client.post(f"{address}questions/", {"body": "Also for **internal** links?"})
    question = Question.objects.get()
    page = client.get(address).content.decode()
    assert "<strong>internal</strong>" in page
    assert f"/questions/{question.pk}/answers/" not in page  # who asks does not answer
    answers = f"{address}questions/{question.pk}/answers/"
    assert client.post(answers, {"body": "Yes."}).status_code == 403
    client.force_login(people.chief)
    assert client.post(answers, {"body": ""}).status_code == 422
    client.post(answers, {"body": "Yes, for them, too."})
    answer = question.answers.get()
    client.post(f"{address}answers/{answer.pk}/accept/")
    assert "Accepted answer" in client.get(address).content.decode()
    other = make_guidance(published=True)
    wrong = f"/guidance/G-{other.pk}/questions/{question.pk}/answers/"
    assert client.post(wrong, {"body": "Elsewhere"}).status_code == 404


def test_an_article_needs_a_sign_in(client: Client, people: People) -> None:
    guidance = make_guidance(published=True)
    response = client.get(f"/guidance/G-{guidance.pk}/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/")


def test_a_reader_says_whether_it_was_useful_changes_it_and_takes_it_back(
    client: Client, people: People
) -> None:
    guidance = make_guidance(published=True)
    address = f"/guidance/G-{guidance.pk}/"
    client.force_login(people.nobody)
    assert "Was this useful?" in client.get(address).content.decode()
    client.post(f"{address}useful/", {"useful": "no"})
    client.post(f"{address}useful/", {"useful": "no", "missing": "Links <b>sent</b> by mail."})
    client.post(f"{address}useful/", {"useful": "yes"})  # another button; the words stay
    vote = GuidanceVote.objects.get()
    assert (vote.is_useful, vote.missing) == (True, "Links <b>sent</b> by mail.")
    page = client.get(address).content.decode()
    assert "You said: it was useful." in page
    assert "What readers said" not in page  # readers answer without seeing others
    client.force_login(people.chief)
    page = client.get(address).content.decode()
    assert "1 of 1 reader found this version useful." in page
    assert "Links &lt;b&gt;sent&lt;/b&gt; by mail." in page
    guidance_edit(actor=Actor(user=people.chief), guidance=guidance, version=None, body="New.")
    guidance_publish(actor=Actor(user=people.chief), guidance=guidance)
    assert "Of earlier versions: 1 of 1." in client.get(address).content.decode()
    client.force_login(people.nobody)
    client.post(f"{address}useful/undo/")
    assert not GuidanceVote.objects.exists()
    assert client.post(f"{address}useful/undo/").status_code == 404
    trail = AuditEntry.objects.filter(action="guidance.vote").order_by("pk")
    assert [entry.changes["useful"] for entry in trail] == [
        [None, False],
        [False, False],
        [False, True],
        [True, None],
    ]


@pytest.mark.parametrize(
    "typed", [{}, {"useful": "perhaps"}, {"useful": "no", "missing": "x" * 1001}]
)
def test_an_answer_that_cannot_be_kept_is_refused(
    client: Client, people: People, typed: dict[str, str]
) -> None:
    guidance = make_guidance(published=True)
    client.force_login(people.nobody)
    response = client.post(f"/guidance/G-{guidance.pk}/useful/", typed)
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert not GuidanceVote.objects.exists()


def test_of_a_draft_and_of_what_is_retired_nobody_says_it(client: Client, people: People) -> None:
    draft, retired = make_guidance(), make_guidance(published=True)
    guidance_retire(actor=Actor(user=people.chief), guidance=retired)
    client.force_login(people.nobody)
    assert client.post(f"/guidance/G-{draft.pk}/useful/", {"useful": "yes"}).status_code == 404
    client.post(f"/guidance/G-{retired.pk}/useful/", {"useful": "yes"})
    page = client.get(f"/guidance/G-{retired.pk}/").content.decode()
    assert "Only published guidance can be said to be useful or not." in page
    assert "Was this useful?" not in page
    assert not GuidanceVote.objects.exists()

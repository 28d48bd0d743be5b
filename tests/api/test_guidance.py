from apps.accounts.roles import Scope
from tests.api.conftest import Api, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_guidance, make_token


def test_guidance_is_written_published_changed_and_retired(people: People) -> None:
    api, reader = as_user(people.chief), as_user(people.viewer)
    body = {
        "title": "Signed addresses",
        "body": "Sign each address.",
        "stages": ["plan", "code"],
        "technologies": ["s3"],
        "cwes": [284],
        "controls": [{"title": "Expiry of ten minutes", "effect": "a tenth of the frequency"}],
        "frequency_low": "0.1",
        "frequency_high": 1,
        "magnitude_low": "10000",
        "magnitude_high": "500000.00",
    }
    made = api.post("/guidance", body)
    assert made.status_code == 201
    key = made.json()["key"]
    path = f"/guidance/{key}"
    assert made["Location"] == f"/api/v1{path}"
    assert reader.get(path).status_code == 404  # a draft
    published = api.post(f"{path}/publish", {"note": "first"})
    assert (published.status_code, published.json()["number"]) == (201, 1)
    seen = reader.get(path).json()
    assert seen["text"]["controls"] == body["controls"]
    assert (seen["text"]["frequency_high"], seen["working_text"]) == ("1.000000", None)

    assert api.edit(path, {"title": "Signed addresses, short lives"}).status_code == 200
    assert reader.get(path).json()["text"]["title"] == "Signed addresses"
    assert api.get(path).json()["working_text"]["title"] == "Signed addresses, short lives"
    assert reader.get("/guidance").json()["results"][0]["title"] == "Signed addresses"
    assert api.patch(path, {"title": "x"}, if_match='"1"').status_code == 412

    api.post(f"{path}/publish")
    numbers = [row["number"] for row in reader.get(f"{path}/versions").json()["results"]]
    assert numbers == [2, 1]
    assert reader.get(path).json()["text"]["title"] == "Signed addresses, short lives"
    assert api.post(f"{path}/retire").json()["state"] == "retired"
    assert api.post(f"{path}/retire").status_code == 409
    assert api.post(f"{path}/return").json()["state"] == "published"
    assert api.post(f"{path}/return").status_code == 409


def test_the_library_is_searched(people: People) -> None:
    signed = make_guidance(
        title="Signed upload addresses",
        stages=["plan"],
        technologies=["s3"],
        cwes=[284],
        published=True,
    )
    make_guidance(title="Rotate certificates by script", stages=["operate"], published=True)
    make_guidance(title="A draft about signed uploads")
    api = as_user(people.nobody)

    def keys(**query: str) -> list[str]:
        return [row["key"] for row in api.get("/guidance", **query).json()["results"]]

    assert len(keys()) == 2
    for query in ({"q": "uploads"}, {"q": "sigend upload"}, {"q": "CWE-284"}, {"cwe": "284"}):
        assert keys(**query) == [signed.key], query
    assert keys(stage="plan") == keys(technology="s3") == [signed.key]
    assert keys(q="certificates") != [signed.key]
    assert problem_fields(api.get("/guidance", cwe="284x", stage="now")) == {"cwe", "stage"}


def test_search_results_go_on_behind_the_cursor(people: People) -> None:
    made = {make_guidance(title=f"Signed addresses {n}", published=True).key for n in range(5)}
    api = as_user(people.viewer)
    found: list[str] = []
    path = "/api/v1/guidance?q=signed&limit=2"
    while path:
        page = api.get(path).json()
        found += [row["key"] for row in page["results"]]
        path = page["next"]
    assert len(found) == 5
    assert set(found) == made


def test_who_may_write_guidance(people: People) -> None:
    draft = make_guidance()
    for person in (people.viewer, people.architect, people.security, people.outsider):
        api = as_user(person)
        assert api.post("/guidance", {"title": "x"}).status_code == 403
        assert api.post(f"/guidance/{draft.key}/publish").status_code == 404
    public = make_guidance(published=True)
    assert as_user(people.viewer).post(f"/guidance/{public.key}/retire").status_code == 403
    assert Api().get(f"/guidance/{public.key}").status_code == 401


def test_guidance_names_what_it_cannot_hold(people: People) -> None:
    api = as_user(people.chief)
    assert problem_fields(api.post("/guidance", {})) == {"title"}
    bad = {"title": "x", "stages": ["later"], "cwes": [0], "controls": [{"name": "x"}]}
    assert problem_fields(api.post("/guidance", bad)) >= {"stages.0", "cwes.0", "controls.0.name"}
    half = {"title": "x", "frequency_low": "1"}
    assert problem_fields(api.post("/guidance", half)) == {"frequency_low"}
    empty = make_guidance(body="")
    assert problem_fields(api.post(f"/guidance/{empty.key}/publish")) == {"body"}


def test_questions_on_guidance(people: People) -> None:
    public, draft = make_guidance(published=True), make_guidance()
    api = as_user(people.nobody)
    asked = api.post(f"/guidance/{public.key}/questions", {"body": "Behind the CDN, too?"})
    assert (asked.status_code, asked.json()["guidance"], asked.json()["item"]) == (
        201,
        public.key,
        None,
    )
    (listed,) = api.get(f"/guidance/{public.key}/questions").json()["results"]
    assert listed["body"] == "Behind the CDN, too?"
    assert api.post(f"/guidance/{draft.key}/questions", {"body": "x"}).status_code == 404
    answered = as_user(people.chief).post(
        f"/questions/{asked.json()['id']}/answers", {"body": "Yes."}
    )
    assert answered.status_code == 201


def test_readers_say_whether_a_piece_was_useful(people: People) -> None:
    public, draft = make_guidance(published=True), make_guidance()
    path = f"/guidance/{public.key}"
    reader, other, writer = map(as_user, (people.nobody, people.viewer, people.chief))
    given = reader.post(f"{path}/votes", {"useful": False, "missing": "Mail."})
    assert (given.status_code, given.json()["number"]) == (200, 1)
    other.post(f"{path}/votes", {"useful": True})
    changed = reader.post(f"{path}/votes", {"useful": True}).json()
    assert (changed["useful"], changed["missing"]) == (True, "Mail.")
    reader.post(f"{path}/votes", {"useful": False, "missing": ""})
    seen = writer.get(path).json()["usefulness"]
    assert seen == {"useful": 1, "not_useful": 1, "useful_before": 0, "not_useful_before": 0}
    assert reader.get(path).json()["usefulness"] is None
    names = {row["given_by"]["name"] for row in writer.get(f"{path}/votes").json()["results"]}
    assert names == {"No Body", "Vera Viewer"}
    (own,) = reader.get(f"{path}/votes").json()["results"]
    assert own["given_by"]["name"] == "No Body"
    assert problem_fields(reader.post(f"{path}/votes", {"useful": "perhaps"})) == {"useful"}
    assert reader.delete(f"{path}/votes/mine").status_code == 204
    assert reader.delete(f"{path}/votes/mine").status_code == 404
    assert reader.post(f"/guidance/{draft.key}/votes", {"useful": True}).status_code == 404
    assert writer.post(f"/guidance/{draft.key}/votes", {"useful": True}).status_code == 409


def test_a_reading_token_neither_asks_nor_votes(people: People) -> None:
    public = make_guidance(published=True)
    reading = Api(make_token(people.chief, Scope.READ).text)
    assert reading.post(f"/guidance/{public.key}/questions", {"body": "Why?"}).status_code == 403
    assert reading.post(f"/guidance/{public.key}/votes", {"useful": True}).status_code == 403

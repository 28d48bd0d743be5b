"""What holds for every address: who gets in, what a stranger's JSON does, keys, pages, problems."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from apps.accounts.models import ApiToken, User
from apps.planning.models import PlanningItem
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    make_credential,
    make_finding,
    make_guidance,
    make_item,
    make_option,
    make_question,
    make_source,
    make_statement,
    make_token,
    make_user,
)

METHODS = ("get", "post", "patch", "delete")


def routes(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Every address under /api/v1 with its view class, as the URL conf has them."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif path.startswith("api/v1/") and hasattr(pattern.callback, "cls"):
            yield path.removeprefix("api/v1"), pattern.callback.cls


KEYS = {
    "item": "PI-1",
    "statement": "RS-1",
    "guidance": "G-1",
    "automation": "AU-1",
    "control": "C-1",
    "incident": "IN-1",
    "system": "payments",
}
UID = "00000000-0000-4000-8000-000000000000"


def concrete(path: str) -> str:
    """The address with something well-formed in each place."""

    def value(match: re.Match[str]) -> str:
        return UID if match[1] == "uuid" else KEYS.get(match[2], "1")

    return re.sub(r"<(\w+):(\w+)>", value, path)


ROUTES = [
    (concrete(path), method)
    for path, view in routes()
    for method in METHODS
    if hasattr(view, method)
]


def test_the_routes_are_found() -> None:
    assert len(ROUTES) > 60
    assert ("/items/PI-1/decisions", "post") in ROUTES


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_nobody_unknown_gets_in(db: None, nobody: Api, path: str, method: str) -> None:
    call = getattr(nobody.client, method)
    answer = call(f"/api/v1{path}", content_type="application/json")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not-authenticated"


def test_a_pipelines_token_opens_nothing_else(people: People) -> None:
    api = as_pipeline(people.system)
    closed = [path for path, method in ROUTES if method == "get" and not path.startswith("/open")]
    runs = "/automations/AU-1/runs"  # to post to; read, there is nothing there for it
    advice = "/systems/payments/stages/1/advice"
    named = {"/me", "/reports", f"/reports/{UID}", "/formats", advice, runs}
    assert named <= set(closed)
    for path in closed:
        status = api.get(path).status_code
        assert (status == 403) == (path not in named), path


@pytest.mark.parametrize(
    "text",
    ["", "x", "secops_" + "a" * 59, "secops_é", "secops_aaaaaaaaaaaa." + "b" * 46, "a" * 5000],
)
def test_tokens_that_are_none(db: None, text: str) -> None:
    answer = Api(text or " ").get("/me")
    assert answer.status_code == 401


def test_expired_and_revoked_tokens_and_people_who_left(people: People) -> None:
    expired, revoked, left = (make_token(make_user()) for _ in range(3))
    ApiToken.objects.filter(pk=expired.token.pk).update(expires_at=timezone.now())
    ApiToken.objects.filter(pk=revoked.token.pk).update(revoked_at=timezone.now())
    User.objects.filter(tokens=left.token).update(is_active=False)
    for made in (expired, revoked, left):
        answer = Api(made.text).get("/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "token-not-valid")


# --- JSON from strangers ------------------------------------------------------------------------
BODIES = {
    "nothing": b"",
    "not json": b"{",
    "two values": b"{} {}",
    "null": b"null",
    "a number": b"7",
    "a list": b"[]",
    "a text": b'"title"',
    "bare NaN": b'{"title": NaN}',
    "infinity": b'{"title": Infinity}',
    "NUL escaped": b'{"title": "a\\u0000b"}',
    "NUL raw": b'{"title": "a\x00b"}',
    "invalid UTF-8": b'{"title": "\xff\xfe"}',
    "UTF-16": '{"title": "x"}'.encode("utf-16"),
    "a lone surrogate": b'{"title": "\\ud800"}',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"title":' * 50_000 + b"1" + b"}" * 50_000,
    "a huge number": b'{"title": ' + b"9" * 5000 + b"}",
    "a huge exponent": b'{"title": 1e999999}',
    "a name with a NUL": b'{"ti\\u0000tle": "x"}',
    "a thousand unknown names": json.dumps({str(n): n for n in range(1000)}).encode(),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/items", "/systems", "/guidance", "/valuations", "/tokens"])
def test_hostile_bodies_are_refused_with_a_problem(people: People, path: str, name: str) -> None:
    answer = as_user(people.admin).raw(path, BODIES[name], "application/json")
    assert answer.status_code in {400, 403}, answer.content[:300]  # tokens do not make tokens
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_too_large_is_said_to_be(people: People, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    api = as_user(people.admin)
    body = json.dumps({"title": "x" * 10_000}).encode()
    assert api.raw("/guidance", body, "application/json").status_code == 413
    repeated = api.raw("/guidance", body, "application/json", Idempotency_Key="a")
    assert repeated.status_code == 413


def test_other_media_types_are_refused(people: People) -> None:
    api = as_user(people.admin)
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "x", ""):
        answer = api.raw("/items", b"title=x", kind)
        assert answer.status_code in {400, 415}, kind


STRANGE: list[Any] = [
    None,
    True,
    7,
    -1,
    10**30,
    1.5,
    1e308,
    "",
    "x" * 200_001,
    "\u202e\ufeff",
    "1e5",
    [],
    [[]],
    [None],
    [1e300],
    {},
    {"a": {"b": []}},
    "0001-01-01",
    "99999-12-31",
]


@pytest.fixture
def editable(people: People) -> dict[str, str]:
    """An address of each kind that takes a body, with its method."""
    item = make_item(people.system)
    option = make_option(item)
    statement = make_statement(item)
    question = make_question(item)
    guidance = make_guidance(published=True)
    source, credential = make_source(people.system), make_credential(people.system)
    return {
        "/systems": "post",
        "/systems/payments": "patch",
        "/systems/payments/components": "post",
        "/systems/payments/environments": "post",
        "/items": "post",
        f"/items/{item.key}": "patch",
        f"/items/{item.key}/options": "post",
        f"/options/{option.pk}": "patch",
        f"/items/{item.key}/questions": "post",
        f"/questions/{question.pk}/answers": "post",
        f"/items/{item.key}/recommendation": "post",
        f"/items/{item.key}/decisions": "post",
        f"/items/{item.key}/statements": "post",
        f"/statements/{statement.key}": "patch",
        f"/statements/{statement.key}/publish": "post",
        f"/statements/{statement.key}/withdraw": "post",
        f"/statements/{statement.key}/evidence": "post",
        f"/statements/{statement.key}/rules": "post",
        "/guidance": "post",
        f"/guidance/{guidance.key}": "patch",
        f"/guidance/{guidance.key}/publish": "post",
        f"/guidance/{guidance.key}/questions": "post",
        "/valuations": "post",
        "/sources": "post",
        f"/sources/{source.pk}": "patch",
        f"/sources/{source.pk}/runs": "post",
        f"/sources/{source.pk}/pause": "post",
        "/credentials": "post",
        f"/credentials/{credential.pk}": "patch",
    }


GOOD = {
    "key": "new-one",
    "system": "payments",
    "title": "A title",
    "name": "A name",
    "body": "A body",
    "reason": "A reason",
    "condition": "If",
    "consequence": "then",
    "frequency_low": "1",
    "frequency_high": "2",
    "magnitude_low": "1",
    "magnitude_high": "2",
    "option": 1,
    "finding": 1,
    "connector": "https-url",
    "config": {"url": "https://ci.example.org/"},
    "kind": "bearer",
    "url": "https://ci.example.org/",
    "secret": "s",
}


def test_no_value_in_any_field_breaks_the_server(people: People, editable: dict[str, str]) -> None:
    """Every field of every body gets values of every wrong kind.

    First all fields at once; those that did not refuse their value there get it once more among good ones, so
    that it reaches what lies behind the fields.
    """
    api = as_user(people.admin)
    refused = behind = 0
    for path, method in editable.items():
        send = _sender(api, path, method)
        known = _known_fields(send({"?": 1}))
        good = {} if method == "patch" else {key: GOOD[key] for key in known & GOOD.keys()}
        for value in STRANGE:
            refusing = _refusing(send(dict.fromkeys(known, value)))
            refused += len(known & refusing)
            behind += _reach(send, good, known - refusing, value)
    assert (refused > 1000, behind > 500) == (True, True), (refused, behind)


def _reach(
    send: Callable[[dict[str, Any]], Any], good: dict[str, Any], names: set[str], value: Any
) -> int:
    """Have `value` in each of `names` taken, or refused by that name; give how many that were.

    All at once, without those that were refused, until nothing is; one by one where a refusal names none of
    them, since what stands behind it was not reached.
    """
    left = set(names)
    while left:
        answer = send(good | dict.fromkeys(left, value))
        if answer.status_code < 300:
            break
        refusing = left & _refusing(answer)
        if not refusing:
            for name in sorted(left):
                send(good | {name: value})
            break
        left -= refusing
    return len(names)


def _refusing(answer: Any) -> set[str]:
    """The fields that an answer refuses; of a path such as answers.0.body the field that it begins with."""
    body = answer.json() if answer.content else {}
    errors = body.get("errors", []) if isinstance(body, dict) else []
    return {re.split(r"[.\[]", str(error["field"]))[0] for error in errors}


def _sender(api: Any, path: str, method: str) -> Callable[[dict[str, Any]], Any]:
    """Sends bodies, each with the version that is there now."""
    version = api.get(path)["ETag"] if method == "patch" else ""

    def send(body: dict[str, Any]) -> Any:
        nonlocal version
        answer = getattr(api, method)(path, body, **({"if_match": version} if version else {}))
        assert answer.status_code < 500, (path, body)
        assert answer.status_code != 412, path
        version = answer["ETag"] if version and answer.status_code == 200 else version
        return answer

    return send


def _known_fields(refusal: Any) -> set[str]:
    """The fields that an address takes, from the sentence with which it refuses an unknown one."""
    (error,) = refusal.json()["errors"]
    assert error["field"] == "?"
    names = error["detail"].partition("Known: ")[2].rstrip(".")
    return set(names.split(", "))


@pytest.mark.parametrize(
    "path",
    [
        "/items/PI-999999999999999999",
        "/items/PI-9999999999999999999999",
        "/items/7",
        "/items/pi-7",
        "/items/PI-%00",
        "/options/999999999999999999",
        "/statements/RS-0",
        "/guidance/G-99999999",
        "/findings/99999999",
        "/reports/nonsense",
        f"/reports/{UID}",
        "/systems/..%2f..%2fetc",
        "/nothing/here",
        "/incidents/a%0Ab%0D",
        "/items/",
    ],
)
def test_what_is_not_there_is_a_problem_404(people: People, path: str) -> None:
    answer = as_user(people.admin).get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("value", ["%00", "%ff", "x" * 5000, "%F0%9F%92%A5", "'--"])
def test_no_query_breaks_the_server(people: People, value: str) -> None:
    api = as_user(people.admin)
    queries = {
        "/items": ("system", "stage", "status", "kind", "q"),
        "/guidance": ("q", "stage", "technology", "cwe"),
        "/statements": ("system", "item", "state", "stage"),
        "/findings": ("system", "stage", "state", "severity", "cwe", "q", "series", "previews"),
        "/reports": ("system", "stage", "state", "series"),
        "/series": ("system", "stage"),
        "/sources": ("system", "health"),
        "/questions": ("waiting",),
        "/audit": ("system", "object_type", "object_id"),
    }
    for path, names in queries.items():
        for name in (*names, "cursor", "limit", "unknown"):
            answer = api.get(f"/api/v1{path}?{name}={value}")
            assert answer.status_code in {200, 400, 404}, (path, name)
            if name in {"cursor", "limit", "unknown"}:
                assert problem_fields(answer) == {name}


def test_no_cache_keeps_an_answer(people: People) -> None:
    assert as_user(people.viewer).get("/me")["Cache-Control"] == "no-store"


def test_methods_that_do_not_exist_are_a_problem(people: People) -> None:
    answer = as_user(people.admin).delete("/items")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method-not-allowed"


# --- Idempotency-Key ----------------------------------------------------------------------------
def test_a_repeat_gets_the_same_answer_and_does_nothing(people: People) -> None:
    api = as_user(people.architect)
    body = {"system": "payments", "title": "Once"}
    first = api.post("/items", body, idempotency_key="k")
    again = api.post("/items", body, idempotency_key="k")
    assert again.json() == first.json()
    assert (again.status_code, again["Location"]) == (201, first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    assert PlanningItem.objects.filter(title="Once").count() == 1
    other = api.post("/items", body | {"title": "Twice"}, idempotency_key="k")
    assert problem_fields(other) == {"Idempotency-Key"}
    # Somebody else's same word is another key.
    assert as_user(people.security).post("/items", body, idempotency_key="k").status_code == 201


def test_a_refused_request_leaves_its_key_free(people: People) -> None:
    api = as_user(people.architect)
    assert api.post("/items", {"system": "payments"}, idempotency_key="k").status_code == 400
    good = {"system": "payments", "title": "Good"}
    assert api.post("/items", good, idempotency_key="k").status_code == 201
    assert problem_fields(api.post("/items", good, idempotency_key="x" * 201)) == {
        "Idempotency-Key"
    }


@pytest.mark.django_db(transaction=True)
def test_two_at_once_under_one_key_do_it_once(people: People) -> None:
    text = make_token(people.architect).text
    start, answers = threading.Barrier(4), []

    def ask() -> None:
        start.wait()
        body = {"system": "payments", "title": "Once"}
        answers.append(Api(text).post("/items", body, idempotency_key="k"))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}  # 409: the first one was still running
    assert 201 in statuses
    assert len({answer.json()["key"] for answer in answers if answer.status_code == 201}) == 1
    assert PlanningItem.objects.filter(title="Once").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_never_both_win(people: People) -> None:
    item = make_item(people.system)
    text = make_token(people.architect).text
    start, answers = threading.Barrier(4), []

    def edit(number: int) -> None:
        start.wait()
        body = {"title": f"By editor {number}"}
        answers.append(Api(text).patch(f"/items/{item.key}", body, if_match='"1"'))
        connection.close()

    threads = [threading.Thread(target=edit, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


# --- pages --------------------------------------------------------------------------------------
def walk(api: Api, path: str) -> list[Any]:
    """All rows, page by page."""
    rows: list[Any] = []
    following: str | None = f"/api/v1{path}"
    while following:
        page = api.get(following).json()
        rows += page["results"]
        following = page["next"]
    return rows


def test_pages_hold_every_row_once_also_where_thousands_are_equal(people: People) -> None:
    series = make_finding(people.system, severity=4).series
    for number in range(25):
        make_finding(series=series, severity=2 + number % 2)
    api = as_user(people.viewer)
    rows = walk(api, "/findings?limit=4")
    found = [(row["severity"], row["id"]) for row in rows]
    assert len(found) == len(set(found)) == 26
    order = {"critical": 0, "high": 1, "medium": 2}
    assert found == sorted(found, key=lambda each: (order[each[0]], -each[1]))


def test_a_row_that_comes_in_between_moves_no_page(people: People) -> None:
    for number in range(4):
        make_item(people.system, title=f"Item {number}")
    api = as_user(people.viewer)
    first = api.get("/items", limit=2).json()
    make_item(people.system, title="Newest")
    second = api.get(first["next"]).json()
    titles = [row["title"] for row in first["results"] + second["results"]]
    assert titles == ["Item 3", "Item 2", "Item 1", "Item 0"]
    assert second["next"] is None


def test_filters_stay_on_the_next_page(people: People) -> None:
    for stage in ("plan", "operate") * 3:
        make_item(people.system, stage=stage)
    rows = walk(as_user(people.viewer), "/items?stage=plan&limit=1")
    assert [row["stage"] for row in rows] == ["plan"] * 3


@pytest.mark.parametrize("path", ["/items", "/findings", "/guidance", "/guidance?q=x", "/systems"])
@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "WzFd!", "W10", "eyJhIjoxfQ", "WyJhIiwiYiIsImMiLCJkIl0", "WzFlNDAwLDFd"),
        *("W1tdLFtdXQ", "WyJcdTAwMDAiLCJcdTAwMDAiXQ", "W251bGwsbnVsbF0", "WyIxIiwibm8iXQ"),
        *("WyJubyIsIm5vIl0", "WyJubyJd", "Wy05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTksMV0"),
    ],
)
def test_made_up_cursors_are_refused_by_name(people: People, path: str, cursor: str) -> None:
    make_guidance(title="x", published=True)
    sign = "&" if "?" in path else "?"
    answer = as_user(people.admin).get(f"/api/v1{path}{sign}cursor={cursor}")
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert problem_fields(answer) == {"cursor"}


@pytest.mark.parametrize("path", ["/items", "/findings", "/reports", "/statements", "/questions"])
def test_a_longer_page_asks_no_more_of_the_database(
    people: People, path: str, django_assert_max_num_queries: Any
) -> None:
    def grow() -> None:
        item = make_item(people.system)
        make_statement(option=make_option(item))
        make_question(item, by=people.viewer)
        make_finding(people.system)

    api = as_user(people.viewer)
    grow()
    with django_assert_max_num_queries(100) as few:
        api.get(path)
    for _ in range(5):
        grow()
    with django_assert_max_num_queries(len(few)) as many:
        rows = api.get(path).json()["results"]
    assert len(many) == len(few)
    assert path == "/reports" or len(rows) == 6

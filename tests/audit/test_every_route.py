"""Every route that writes does its work once: the trail says who, what, to which, from where, before and after."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from apps.accounts.roles import Scope
from apps.audit.models import AuditEntry
from tests.accounts.test_routes import address, caller, cells, things
from tests.api.test_schemathesis import NAMED
from tests.audit.every_route import BODIES, BY_PEOPLE, BY_SESSION, FIRST, QUERIES, SETUPS
from tests.conftest import People
from tests.factories import make_token
from tests.filling import filled, forms_of
from tests.written import BESIDE, asked, examples, written

PARTS = 4  # for the processes that run the tests
HERE = "203.0.113.77"
OWN = {"guidance/G-<int:pk>/useful/undo/"}  # of the one whose vote it is

# What changes nothing: no row at all, or one that says only who is there.
READS = {
    "favicon.ico",
    "healthz",
    "readyz",
    "metrics",
    "session/",
    "api/^[\\s\\S]*\\Z",
    "api/mcp",
    "preview/",
    "planning/guidance/",
    "risks/preview/",
    "api/v1/valuations",
    "api/v1/trackers/<number:tracker>/mirror/try",
    "api/v2/product_types/",
    "sign-in/with/<slug:key>/",
    "sign-in/with/<slug:key>/return/",
    "sign-out/with/<slug:key>/",
    "sign-in/passkey/options/",
    "settings/security/passkey/options/",
    "settings/security/confirm/",
}
# Written and not on the trail: {route: (tables, the reason)}.
_SESSION = ({"accounts_user"}, "who comes and goes is a line of the log, secops.sign_in (V16.3.1)")
_READ = ({"notices_notice"}, "what one has read is nobody else's concern")
UNTOLD = {
    "sign-in/": _SESSION,
    "put sign-in/": _SESSION,
    "sign-in/second/": _SESSION,
    "sign-in/passkey/": _SESSION,
    "sign-out/": _SESSION,
    "notices/read/": _READ,
    "notices/<number:pk>/mark/": _READ,
    "api/v1/notices/read": _READ,
    "api/v1/notices/<number:notice>/read": _READ,
    "hooks/trackers/<uuid:uid>/": (
        set(),
        "it hurries what is asked anyway; what comes of it is told",
    ),
}
# What takes more than one request, and the test that demands its entry.
_FOLLOWED = ("tests/risks/test_guidance_offers.py", "test_what_was_adapted_stays")
ELSEWHERE = {
    "api/v1/oidc/token": (
        "tests/trust/test_exchange.py",
        "test_a_job_gets_a_token_and_posts_with_it",
    ),
    "sign-in/password/": (
        "tests/accounts/test_password_links.py",
        "test_a_new_person_gets_a_link_and_no_password",
    ),
    "sign-in/with/<slug:key>/logout/": (
        "tests/accounts/test_logouts.py",
        "test_a_person_is_signed_out_wherever_the_provider_let_it_in",
    ),
    "settings/security/app/": (
        "tests/accounts/test_second_factor.py",
        "test_setting_an_app_up_and_taking_it_away",
    ),
    "settings/security/passkey/": (
        "tests/browser/test_passkeys.py",
        "test_a_passkey_signs_in_by_itself",
    ),
    "risks/RS-<int:pk>/guidance/": _FOLLOWED,
    "api/v1/statements/<statement_key:statement>/guidance": _FOLLOWED,
}
# Actions that leave everything as it is: something went out, or was tried.
UNCHANGED = {
    "provider.test",
    "source.test",
    "tracker.test",
    "webhook.ping",
}


ALL = [
    (method, route, word)
    for method in ("post", "put", "patch", "delete")
    for route, word in cells(method)
    if word != "-"
]


def writing() -> Iterator[tuple[str, str, str]]:
    """(method, route, who may call it), of all that may write."""
    for method, route, word in ALL:
        if not {route, key_of(method, route)} & {*READS, *ELSEWHERE}:
            yield method, route, word


def key_of(method: str, route: str) -> str:
    return route if method == "post" else f"{method} {route}"


def named(value: Any, there: dict[str, str]) -> Any:
    """A body of every_route.py with what its words name."""
    if callable(value):
        return value()
    if isinstance(value, dict):
        return {
            name.replace("@question", there["question"]): named(each, there)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [named(each, there) for each in value]
    if isinstance(value, str) and "@" in value:
        before, _, word = value.partition("@")
        if word.removeprefix("@") in there:
            return before + "@" * word.startswith("@") + there[word.removeprefix("@")]
    return value


def led(body: Any, there: dict[str, str]) -> Any:
    """An example of the reference that names what is there: one thing, or a list of them."""
    if not isinstance(body, dict):
        return body
    told = dict(body)
    for name, value in body.items():
        many = isinstance(value, list) and bool(value)
        word = name.removesuffix("s") if many else name
        if word == "team" or (word in NAMED and word in there):
            one = there[word]
            is_number = isinstance(value[0] if many else value, int)
            fit: Any = int(one) if is_number and one.isdigit() else one
            if isinstance(value[0] if many else value, str | int) and value:
                told[name] = [fit] if many else fit
    return told


@dataclass(frozen=True)
class Asking:
    """One route, ready to be asked by one who may."""

    method: str
    route: str
    client: Client
    headers: dict[str, str]
    there: dict[str, str]
    examples: dict[tuple[str, str], Any]

    @property
    def path(self) -> str:
        query = QUERIES.get(key_of(self.method, self.route), "")
        return address(self.route, self.there) + (f"?{named(query, self.there)}" if query else "")

    def ask(self) -> HttpResponse:
        """The last answer: of a page, to the form that it shows, filled in."""
        return self._operation() if self.route.startswith("api/") else self._page()

    def _page(self) -> HttpResponse:
        call, said = getattr(self.client, self.method), BODIES.get(key_of(self.method, self.route))
        answer: HttpResponse = call(self.path, named(said or {}, self.there))
        for form in forms_of(answer):
            if AuditEntry.objects.filter(address=HERE).exists():
                break
            answer = call(self.path, filled(form) | named(said or {}, self.there))
        return answer

    def _operation(self) -> HttpResponse:
        call, sent = getattr(self.client, self.method), self._body()
        answer: HttpResponse = call(self.path, *sent, headers={**self.headers, "If-Match": '"1"'})
        if answer.status_code == 412:
            stands = f'"{answer.json()["current_version"]}"'  # type: ignore[attr-defined]
            answer = call(self.path, *sent, headers={**self.headers, "If-Match": stands})
        return answer

    def _body(self) -> tuple[Any, ...]:
        said = BODIES.get(key_of(self.method, self.route))
        if said is None:
            sent = asked(self.method, self.route, self.examples)
            return (json.dumps(led(json.loads(sent[0]), self.there)), *sent[1:]) if sent else ()
        if isinstance(said, bytes):
            return (said, "text/csv")
        if any(callable(each) for each in said.values()):
            return (named(said, self.there),)
        return (json.dumps(numbered(named(said, self.there))), "application/json")


class Walk:
    """One portal with something of everything."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.examples = examples()
        there = things(people)
        number = there["guidance"].rpartition("-")[2]
        named_too = {"guidance number": number, "guidance key": f"G-{number}"}
        named_too["email"] = people.nobody.email
        self.there = there | named_too

    def ready(self, method: str, route: str, word: str = "") -> Asking:
        key = key_of(method, route)
        is_own = word.startswith("own") or route in OWN
        client, token = caller(self.people.system_admin if is_own else self.people.admin)
        client.defaults["REMOTE_ADDR"] = HERE
        if key in BY_PEOPLE:
            text = make_token(self.people.admin, Scope.PEOPLE).text
            token = {"Authorization": f"Bearer {text}"}
        headers = ({} if key in BY_SESSION else token) | {"Idempotency-Key": key[-60:]}
        changed = SETUPS[key](self.people, self.there) if key in SETUPS else {}
        there = self.there | changed
        return Asking(method, route, client, headers, there, self.examples)


def numbered(body: dict[str, Any]) -> dict[str, Any]:
    """Numbers of things as the API takes them."""
    numbers = {"option", "finding", "findings", "product", "engagement", "tracker"}
    return {
        name: json.loads(json.dumps(value).replace('"', "")) if name in numbers else value
        for name, value in body.items()
    }


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_every_route_that_writes_is_on_the_trail(people: People, settings: Any, part: int) -> None:
    settings.SECOPS_MAIL_ON = True
    walk = Walk(people)
    wrong: list[str] = []
    for method, route, word in list(writing())[part::PARTS]:
        with transaction.atomic():  # taken back, so that each meets the same portal
            wrong += complaints(walk, method, route, word)
            transaction.set_rollback(True)
    assert not wrong, "\n".join(wrong)


def complaints(walk: Walk, method: str, route: str, word: str) -> Iterator[str]:
    key = key_of(method, route)
    if first := FIRST.get(key):
        other, _, before = first.rpartition(" ")
        walk.ready(other or "post", before).ask()
    asking = walk.ready(method, route, word)
    trail = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    had = written()
    answer = asking.ask()
    wrote = {name for name, rows in written().items() if rows > had.get(name, 0)}
    entries = list(AuditEntry.objects.filter(pk__gt=trail))
    if key in UNTOLD:
        if more := wrote - BESIDE - UNTOLD[key][0]:
            yield f"{key}: wrote {sorted(more)}"
    elif not entries:
        errors = [form.errors.as_json() for form in forms_of(answer) if form.errors]
        yield f"{key}: {answer.status_code} without an entry, {sorted(wrote)} {errors or answer}"
    for entry in entries:
        for told in faults(entry):
            yield f"{key}: {entry.action}: {told}"


def test_the_tests_that_are_named_are_there() -> None:
    for path, name in set(ELSEWHERE.values()):
        source = Path(path).read_text().partition(f"def {name}(")[2]
        assert "AuditEntry" in source.partition("\ndef ")[0], name
    listed = {key_of(method, route) for method, route, _word in ALL}
    said = {
        *READS,
        *UNTOLD,
        *ELSEWHERE,
        *FIRST,
        *BODIES,
        *QUERIES,
        *BY_SESSION,
        *BY_PEOPLE,
        *SETUPS,
    }
    assert said - listed == set()


def faults(entry: AuditEntry) -> Iterator[str]:
    """What is wrong with an entry of somebody who asked from HERE."""
    if entry.address != HERE:
        yield f"from {entry.address!r}"
    if not entry.actor_label or not (
        entry.user_id or entry.token_id or entry.actor_kind == "portal"
    ):
        yield f"by {entry.actor_label!r}"
    if not (entry.object_type and entry.object_id and entry.object_label):
        yield "to nothing"
    if not entry.changes and entry.action not in UNCHANGED:
        yield "no before and after"

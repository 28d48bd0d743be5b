"""Lines of the log: JSON, with the ids of what they are about, and with no secret whatever happens."""

import datetime as dt
import io
import json
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings as live
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.accounts.roles import Role
from apps.accounts.services.factors import app_add, recovery_make
from apps.accounts.services.passwords import password_link_make
from apps.common.logs import JsonFormatter, RequestIdFilter
from apps.outbound.services.deliver import deliver_due
from apps.scans.models import Report
from apps.scans.services.ingest import report_ingest
from apps.scans.tasks import ingest as ingest_task
from apps.sources.services.runs import run_perform
from apps.sources.services.sources import source_run_now
from tests.accounts.test_openid import connected, gone, through
from tests.accounts.test_second_factor import RFC_SECRET, totp
from tests.api.conftest import Api
from tests.api.test_reports import sarif
from tests.common.brokers import broker_at, closed_port, url_with_port
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_ci_token,
    make_credential,
    make_source,
    make_token,
    make_user,
)
from tests.openid import Provider, issuing
from tests.outbound.test_webhooks import make as make_webhook
from tests.outbound.test_webhooks import report_fails
from tests.servers import Says, serving


@dataclass
class Log:
    """What production writes, at the most talkative level."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    here = Log()
    handler = logging.StreamHandler(here.stream)
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield here
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.django_db(transaction=True)
def test_a_line_says_what_it_is_about(people: People, log: Log) -> None:
    """The request that a report came with, the report, and the task that took it in."""
    token = make_ci_token(people.system).text
    posted = Api(token).raw(
        "/reports?system=payments", sarif(2), "application/json", X_Request_ID="pipeline-4711"
    )
    report = Report.objects.get(uid=posted.json()["uid"])
    kept = next(line for line in log.lines() if line.get("report"))
    assert (kept["report"], kept["request_id"]) == (str(report.uid), "pipeline-4711")
    ingest_task.apply(args=(report.pk,), task_id="task-0815")
    done = next(line for line in log.lines() if "is processed" in line["message"])
    assert (done["task"], done["task_id"]) == ("scans.ingest", "task-0815")
    assert done["report"] == str(report.uid)


@pytest.mark.parametrize(("who", "status"), [("outsider", 404), ("viewer", 403)])
def test_who_may_not_is_a_line(people: People, log: Log, who: str, status: int) -> None:
    """OWASP ASVS 5.0, V16.3.2."""
    api = Api(make_token(getattr(people, who)).text)
    path = f"/systems/{people.system.key}"
    answer = api.edit(path, {"name": "Mine"}) if status == 403 else api.get(path)
    assert answer.status_code == status
    line = next(each for each in log.lines() if path in each["message"])
    assert (line["level"], line["request_id"]) == ("WARNING", answer["X-Request-ID"])


def test_a_line_is_one_line_and_says_when_in_utc(log: Log) -> None:
    """OWASP ASVS 5.0, V16.2.2, V16.2.4 and V16.4.1: what was typed begins no line of its own."""
    before = dt.datetime.now(dt.UTC)
    typed = 'maren"\r\n{"level": "INFO", "message": "person 1 signed in"}'
    logging.getLogger("secops.sign_in").warning("failed for %s", typed)
    assert log.text.count("\n") == 1
    assert "\r" not in log.text
    [line] = log.lines()
    assert (line["level"], line["message"]) == ("WARNING", f"failed for {typed}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert abs(dt.datetime.fromisoformat(line["time"]) - before) < dt.timedelta(seconds=5)


# --- no secret -------------------------------------------------------------------------------------


@dataclass
class Run:
    """Secrets that were used, and all that was answered. given: those that one answer shows, once."""

    secrets: dict[str, str] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)

    def knows(self, name: str, secret: str) -> str:
        assert len(secret) >= 6
        self.secrets[name] = secret
        return secret

    def saw(self, answer: Any) -> Any:
        self.pages.append(answer.content.decode())
        return answer

    def leaks(self, text: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if secret in text]


@pytest.fixture
def run() -> Run:
    """Of the operator: what the portal itself was given."""
    made = Run()
    made.knows("key of cookies", live.SECRET_KEY)
    made.knows("key of credentials", live.SECOPS_CREDENTIAL_KEYS[0])
    made.knows("password of the database", str(live.DATABASES["default"]["PASSWORD"]))
    made.knows("password of redis", str(urlsplit(live.REDIS_URL).password))
    return made


def fails(*_args: Any, **_words: Any) -> None:
    """A fault of the portal's own."""
    raise RuntimeError("a fault that nobody foresaw")


@pytest.mark.django_db
def test_signing_in(run: Run, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    password = run.knows("password", "a harbour of four words")
    wrong = run.knows("wrong password", "another harbour of words")
    person = make_user("Vera", email="vera@example.org", role=Role.ADMIN)
    person.set_password(password)
    person.save()
    client = Client(raise_request_exception=False)
    for typed in (wrong, password):
        run.saw(client.post("/sign-in/", {"username": person.email, "password": typed}))
    run.knows("session", client.cookies["sessionid"].value)
    run.saw(client.get("/settings/security/"))
    run.saw(client.get("/nowhere/"))
    run.saw(client.post("/settings/security/confirm/", {"password": wrong}))
    # The second factor: an app's secret, its code of now, and a code kept for bad days.
    run.knows("secret of an app", RFC_SECRET)
    code = run.knows("code of an app", totp(RFC_SECRET, time.time()))
    app_add(actor=actor_of(person), secret=RFC_SECRET, code=code, name="app")
    spare = run.knows("recovery code", recovery_make(actor=actor_of(person))[0])
    for tried in ("000000", spare):
        waiting = Client()
        run.saw(waiting.post("/sign-in/", {"username": person.email, "password": password}))
        run.saw(waiting.post("/sign-in/second/", {"code": tried}, follow=True))
    assert "_auth_user_id" in waiting.session
    # A link to set a password, good and bad.
    link = run.knows("link", password_link_make(actor=actor_of(person), user=make_user()).text)
    fresh = Client(raise_request_exception=False)
    run.saw(fresh.get(f"/sign-in/password/?link={link}", follow=True))
    new = run.knows("new password", "password1234-of-nobody")
    run.saw(fresh.post("/sign-in/password/", {"new_password1": new, "new_password2": "x"}))
    run.saw(fresh.get(f"/sign-in/password/?link={link[:-1]}", follow=True))
    # The portal fails while it holds one.
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", fails)
    broken = Client(raise_request_exception=False)
    answer = run.saw(broken.post("/sign-in/", {"username": person.email, "password": password}))
    assert answer.status_code == 500
    assert "nobody foresaw" in log.text
    nothing_shown(run, log)


@pytest.mark.django_db
def test_tokens(
    people: People, run: Run, log: Log, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = run.knows("token of a person", make_token(people.admin).text)
    pipeline = run.knows("token of a pipeline", make_ci_token(people.system).text)
    metrics = settings.SECOPS_METRICS_TOKEN = run.knows(
        "token of metrics", "prometheus-reads-it-all"
    )
    api, job, bent = Api(token), Api(pipeline), Api(run.knows("bent", f"{token[:-1]}!"))
    for answer in (
        *(each.get("/me") for each in (api, bent)),
        api.get("/tokens"),
        api.get(f"/nowhere?token={token}"),
        api.post("/planning-items", {"title": 7}),
        job.raw("/reports?system=payments", sarif(1), "application/json"),
        job.raw("/reports?system=payroll", sarif(1), "application/json"),
        Client().get("/metrics", headers={"Authorization": f"Bearer {metrics}x"}),
    ):
        run.saw(answer)
    monkeypatch.setattr("apps.scans.services.receive._write", fails)
    job.client.raise_request_exception = False
    answer = run.saw(job.raw("/reports?system=payments", sarif(3), "application/json"))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    nothing_shown(run, log)


@pytest.mark.django_db
def test_a_provider(run: Run, log: Log, settings: Any) -> None:
    with issuing(settings) as server:
        settings.BASE_URL = "https://portal.example.org"
        door = Provider(server)
        connected(door)
        run.knows("secret of the client", door.secret)
        make_user("Vera", email="vera@example.org")
        client = Client()
        asked = dict(parse_qsl(urlsplit(gone(client)).query))
        held = client.session["asked-providers"][asked["state"]]
        for name in ("nonce", "verifier"):
            run.knows(name, held[name])
        run.saw(through(door, client))
        door.secret = "changed-there-since"
        run.saw(through(door))
        door.server.always = Says(b"<html>", 500)
        run.saw(through(door))
    nothing_shown(run, log)


@pytest.mark.django_db
def test_what_goes_out(people: People, run: Run, log: Log, settings: Any) -> None:
    """Sources with credentials, signed messages and those whose address is the secret; nobody answers well."""
    with serving() as server:
        settings.SECOPS_OUTGOING_SCHEMES = ["http", "https"]
        settings.SECOPS_OUTGOING_PORTS = [443, server.port]
        settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
        credential = make_credential(
            people.system,
            url=server.url,
            secret=run.knows("credential", "gh-very-secret-0123456789"),
        )
        signed = run.knows("signature in an address", "c2lnbmF0dXJlLWluLWFuLWFkZHJlc3M")
        for address in (f"{server.url}/report", f"{server.url}/report?sig={signed}"):
            source = make_source(people.system, url=address, credential=credential)
            run_perform(source_run_now(actor=actor_of(people.admin), source=source).pk)
        made = make_webhook(server)
        run.knows("key of a webhook", made.secret)
        chat = run.knows("address of a chat", "T0KEN/B0T/4nAddressThatOpens")
        make_webhook(server, name="Chat", url=f"{server.url}/services/{chat}", kind="slack")
        report_fails(people)
        deliver_due()
        assert {"/report", f"/services/{chat}", "/hook"} <= set(server.paths())
    client = Client()
    client.force_login(people.viewer)
    for path in ("/sources/", "/webhooks/"):
        run.saw(client.get(path))
    nothing_shown(run, log)


@pytest.mark.django_db
def test_a_broker_that_is_away(
    people: People,
    run: Run,
    log: Log,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    job = Api(make_ci_token(people.system).text)
    with broker_at(url_with_port(closed_port())), django_capture_on_commit_callbacks(execute=True):
        run.saw(job.raw("/reports?system=payments", sarif(1), "application/json"))
    assert any(line["level"] in {"WARNING", "ERROR"} for line in log.lines())
    report_ingest(Report.objects.get().pk)
    nothing_shown(run, log)


def nothing_shown(run: Run, log: Log) -> None:
    """SECURITY: in no line, and on no page or answer."""
    assert log.lines()
    assert run.leaks(log.text) == []
    assert run.leaks("\n".join(run.pages)) == []

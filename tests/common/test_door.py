"""Who is answered when: lanes of the web server, tried with applications that wait until they are told to go on."""

import io
import json
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from apps.accounts.models import ApiToken, User
from apps.common.door import SIGNED_IN, Company, Door, Environ, Keeper, Lane, Refusal
from secops_portal.lanes import (
    KEEPER,
    LANES,
    Known,
    lane_of,
    lane_of_large,
    recognise,
    recognising,
    refusal,
    slow,
)
from secops_portal.lanes import stranger as stranger_refusal
from tests.conftest import People
from tests.factories import make_ci_token

GENEROUS = 30.0
TOP = Path(__file__).resolve().parents[2]
LANE_OF = {"/page": "pages", "/report": "reports", "/alive": ""}


class Portal:
    """An application whose requests to a held path wait; `seen` has the paths that came, `threads` who answered."""

    def __init__(self) -> None:
        self.held: dict[str, threading.Event] = {}
        self.arrived = threading.Semaphore(0)
        self.seen: list[str] = []
        self.threads: list[str] = []

    def __call__(self, environ: Environ, start: Any) -> Iterator[bytes]:
        path = environ["PATH_INFO"]
        self.seen.append(path)
        self.threads.append(threading.current_thread().name)
        self.arrived.release()
        if path in self.held:
            assert self.held[path].wait(GENEROUS)
        body = environ["wsgi.input"].read()
        start("200 OK", [("Content-Type", "text/plain")])
        return iter([path.encode(), b" ", body])


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    yield made
    for event in made.held.values():
        event.set()


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(40) as threads:
        yield threads


@pytest.fixture(autouse=True)
def _shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "door").touch()
    monkeypatch.chdir(tmp_path)


def door(portal: Any, **options: Any) -> Door:
    lanes = [
        Lane("arrivals", places=1, room=20),
        Lane("pages", places=2, room=20),
        Lane("reports", places=1, room=options.pop("room", 20), rest=options.pop("rest", 0.0)),
        Lane("large", places=1, room=20),
    ]
    options = {"patience": GENEROUS, "small": 100} | options
    return Door(
        portal,
        lanes,
        lambda environ: LANE_OF[environ["PATH_INFO"].split("?")[0]],
        lambda _environ: Refusal("text/plain", b"full", 7),
        company=Company("door"),
        large=lambda _environ: "large",
        **options,
    )


class Answer:
    status = ""
    headers: dict[str, str]
    body = b""


def ask(door: Door, path: str, body: bytes = b"", source: Any = None, **environ: str) -> Answer:
    answer, written = Answer(), io.BytesIO()

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answer.status, answer.headers = status, dict(headers)
        return written.write

    given: Environ = {"PATH_INFO": path, "wsgi.input": source or io.BytesIO(body), **environ}
    if body:
        given.setdefault("CONTENT_LENGTH", str(len(body)))
    rest = b"".join(door(given, start))
    answer.body = written.getvalue() + rest
    return answer


@contextmanager
def held(portal: Portal, path: str) -> Iterator[threading.Event]:
    event = portal.held[path] = threading.Event()
    yield event
    event.set()


def came(portal: Portal) -> None:
    """Wait until one more request has reached the application."""
    assert portal.arrived.acquire(timeout=GENEROUS)


def test_a_page_goes_past_reports_that_wait(portal: Portal, crowd: ThreadPoolExecutor) -> None:
    entry = door(portal)
    with held(portal, "/report"):
        reports = [crowd.submit(ask, entry, "/report", b"%d" % n) for n in range(10)]
        came(portal)
        assert ask(entry, "/page").body == b"/page "
        assert ask(entry, "/alive").body == b"/alive "
        assert portal.seen.count("/report") == 1  # the others wait at the door
    told = sorted(report.result(GENEROUS).body for report in reports)
    assert told == [b"/report %d" % n for n in range(10)]


def test_threads_that_work_are_as_many_as_there_are_places(
    portal: Portal, crowd: ThreadPoolExecutor
) -> None:
    """A connection of the database belongs to the thread that opened it."""
    entry = door(portal)
    paths = ["/report", "/page"] * 15
    assert all(answer.status == "200 OK" for answer in crowd.map(lambda p: ask(entry, p), paths))
    assert len(portal.seen) == 30
    assert set(portal.threads) <= {"lane-pages_0", "lane-pages_1", "lane-reports_0"}


def test_who_waits_too_long_is_told_when_to_come_again(
    portal: Portal, crowd: ThreadPoolExecutor
) -> None:
    refused: list[str] = []
    entry = door(portal, patience=0.05, refused=refused.append)
    with held(portal, "/report"):
        first = crowd.submit(ask, entry, "/report")
        came(portal)
        late = ask(entry, "/report", b"x")
    assert late.status == "503 Service Unavailable"
    assert late.headers["Retry-After"] == "7"
    assert late.body == b"full"
    # What had begun goes on, however long it takes.
    assert first.result(GENEROUS).status == "200 OK"
    assert portal.seen == ["/report"]
    assert refused == ["reports"]


def test_without_room_nobody_waits(portal: Portal, crowd: ThreadPoolExecutor) -> None:
    entry = door(portal, room=1)
    with held(portal, "/report"):
        first = crowd.submit(ask, entry, "/report")
        came(portal)
        # One of these waits, and the other one is refused while it does.
        others = [crowd.submit(ask, entry, "/report") for _ in range(2)]
        early = next(_finished(others))
        assert early.status == "503 Service Unavailable"
    statuses = [first.result(GENEROUS).status, *(each.result(GENEROUS).status for each in others)]
    assert sorted(statuses) == ["200 OK", "200 OK", "503 Service Unavailable"]
    # Room is room again.
    assert ask(entry, "/report").status == "200 OK"


def _finished(futures: "list[Future[Answer]]") -> Iterator[Answer]:
    yield from (future.result() for future in as_completed(futures, GENEROUS))


class Trickle:
    """A sender who takes his time."""

    def __init__(self) -> None:
        self.asked, self.goes_on = threading.Event(), threading.Event()

    def read(self, size: int = -1) -> bytes:
        self.asked.set()
        assert self.goes_on.wait(GENEROUS)
        return b"slow"[:size]


def test_a_slow_sender_holds_no_place(portal: Portal, crowd: ThreadPoolExecutor) -> None:
    entry, slow = door(portal, room=0), Trickle()
    waiting = crowd.submit(ask, entry, "/report", source=slow, CONTENT_LENGTH="4")
    assert slow.asked.wait(GENEROUS)
    assert ask(entry, "/report", b"quick").body == b"/report quick"
    slow.goes_on.set()
    assert waiting.result(GENEROUS).body == b"/report slow"


@pytest.mark.parametrize("said", [{"CONTENT_LENGTH": "101"}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_large_bodies_have_a_lane_of_their_own(
    portal: Portal, crowd: ThreadPoolExecutor, said: dict[str, str]
) -> None:
    entry = door(portal)
    with held(portal, "/page"):
        pages = [crowd.submit(ask, entry, "/page") for _ in range(2)]
        came(portal)
        came(portal)
        answer = ask(entry, "/page?", b"", io.BytesIO(b"x" * 101), **said)
        assert answer.body == b"/page? " + b"x" * 101
    assert portal.threads[-1] == "lane-large_0"
    assert all(page.result(GENEROUS).status == "200 OK" for page in pages)


def stranger(_environ: Environ) -> Refusal:
    return Refusal("text/plain", b"who?", 0, "401 Unauthorized")


def keeper(*known: str, asked: list[str]) -> Keeper:
    """Who knows some senders by their token, and notes of whom it was asked."""

    def recognise(environ: Environ) -> bool:
        asked.append(threading.current_thread().name)
        return environ.get("HTTP_AUTHORIZATION") in known

    return Keeper("arrivals", lambda _, lane: lane != "pages", recognise, "pages", stranger)


def test_of_a_strangers_large_body_no_byte_is_read(portal: Portal) -> None:
    asked: list[str] = []
    entry, slow = door(portal, keeper=keeper("crane", asked=asked)), Trickle()
    answer = ask(entry, "/report", source=slow, CONTENT_LENGTH="101")
    assert (answer.status, answer.body) == ("401 Unauthorized", b"who?")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Retry-After" not in answer.headers
    assert not slow.asked.is_set()
    assert not portal.seen
    known = ask(entry, "/report", b"x" * 101, HTTP_AUTHORIZATION="crane")
    assert known.body == b"/report " + b"x" * 101
    assert portal.threads == ["lane-large_0"]
    assert asked == ["lane-arrivals_0"] * 2


def test_a_strangers_small_body_goes_with_the_strangers(portal: Portal) -> None:
    entry = door(portal, keeper=keeper("crane", asked=[]))
    for sender in ("crane", "gull"):
        assert ask(entry, "/report", b"x", HTTP_AUTHORIZATION=sender).status == "200 OK"
    assert portal.threads == ["lane-reports_0", "lane-pages_0"]


def test_reports_rest_while_somebody_reads(portal: Portal, crowd: ThreadPoolExecutor) -> None:
    entry, other_process = door(portal, rest=1e9), door(portal)
    assert ask(entry, "/report").status == "200 OK"  # nobody reads: it need not wait
    assert ask(entry, "/report").status == "200 OK"
    with held(portal, "/page"):
        page = crowd.submit(ask, other_process, "/page")
        for _ in range(3):
            came(portal)
        report = crowd.submit(ask, entry, "/report", b"last")
        assert portal.seen == ["/report", "/report", "/page"]
    assert page.result(GENEROUS).status == report.result(GENEROUS).status == "200 OK"


def test_what_is_streamed_is_streamed_by_the_thread_of_the_lane() -> None:
    who: list[str] = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            for number in b"1", b"", b"2":
                who.append(threading.current_thread().name)
                yield number

        def close(self) -> None:
            who.append("closed by " + threading.current_thread().name)

    def streams(environ: Environ, start: Any) -> Chunks:
        start("200 OK", [])
        return Chunks()

    assert ask(door(streams), "/page").body == b"12"
    assert who == ["lane-pages_0"] * 3 + ["closed by lane-pages_0"]


def test_what_fails_fails_for_the_server() -> None:
    def breaks(environ: Environ, start: Any) -> Iterator[bytes]:
        raise OSError("the line is gone")

    entry = door(breaks)
    for _ in range(3):
        with pytest.raises(OSError, match="the line is gone"):
            ask(entry, "/page")


UID = "018f2f6e-0000-7000-8000-000000000000"
REPORTS = [
    ("/api/v1/reports", "Reports"),
    ("/api/v1/receivers/alertmanager", "Alertmanager"),
    ("/api/v1/receivers/falcosidekick", "Falcosidekick"),
    ("/api/github/repos/acme/shop/code-scanning/sarifs", "Sarifs"),
    ("/api/v3/repos/acme/shop/code-scanning/sarifs", "Sarifs"),
    ("/api/v2/import-scan/", "ImportScan"),
    ("/api/v2/reimport-scan/", "ReimportScan"),
]


@pytest.mark.parametrize(("path", "view"), REPORTS)
def test_every_door_of_results_is_in_the_lane_of_reports(path: str, view: str) -> None:
    assert resolve(path).func.view_class.__name__ == view  # type: ignore[attr-defined]
    assert lane_of({"REQUEST_METHOD": "POST", "PATH_INFO": path}) == "reports"
    assert lane_of({"REQUEST_METHOD": "GET", "PATH_INFO": path}) == "programs"


def test_the_exchange_waits_where_strangers_are_asked() -> None:
    """A stranger may ask for it, too: it must not fill the lane of those who have a token."""
    path = "/api/v1/oidc/token"
    assert resolve(path).func.view_class.__name__ == "Exchange"  # type: ignore[attr-defined]
    assert lane_of({"REQUEST_METHOD": "POST", "PATH_INFO": path}) == "arrivals"
    assert KEEPER.lane == "arrivals"


@pytest.mark.parametrize(
    ("path", "lane"),
    [
        ("/", "strangers"),
        ("/findings/", "strangers"),
        (f"/hooks/trackers/{UID}/", "programs"),
        ("/healthz", ""),
        ("/static/app.css", ""),
        ("/readyz", "checks"),
        ("/metrics", "checks"),
        (f"/api/v1/reports/{UID}", "programs"),
    ],
)
def test_lanes_of_what_is_read(path: str, lane: str) -> None:
    assert lane_of({"REQUEST_METHOD": "GET", "PATH_INFO": path}) == lane


def asked(path: str, cookies: str) -> Environ:
    return {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_COOKIE": cookies}


def answered(environ: Environ, *, is_signed_in: bool | None) -> None:
    """By an application that says this of the session, or nothing of it."""

    def application(given: Environ, _start: Any) -> list[bytes]:
        if is_signed_in is not None:
            given[SIGNED_IN] = is_signed_in
        return []

    recognising(application)(dict(environ), lambda *_words: print)


def test_whose_session_was_recognised_has_the_lane_of_people(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secops_portal.lanes.known", Known())
    name = settings.SESSION_COOKIE_NAME
    page, api = asked("/findings/", f"a=b; {name}=vera"), asked("/api/v1/risks", f"{name}=vera")
    assert (lane_of(page), lane_of(api)) == ("strangers", "programs")
    answered(page, is_signed_in=False)
    assert lane_of(page) == "strangers"
    answered(page, is_signed_in=True)
    answered(page, is_signed_in=None)  # such as by what redirects to https
    assert (lane_of(page), lane_of(api)) == ("pages", "pages")
    for cookies in (
        f"{name}=made-up",
        f"x{name}=vera",
        f"{name}x=vera",
        f"a={name}=vera",
        "",
        name,
    ):
        assert lane_of(asked("/findings/", cookies)) == "strangers", cookies
    answered(page, is_signed_in=False)  # signed out
    assert lane_of(page) == "strangers"


def test_sessions_that_were_recognised_are_bounded() -> None:
    known = Known(most=2)
    for session in ("one", "two", "one", "three"):
        known.note(session, is_signed_in=True)
    assert [each in known for each in ("one", "two", "three", "")] == [True, False, True, False]


@pytest.mark.django_db
def test_who_is_recognised_before_a_place_is_given(
    people: People, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("known", "known_tokens"):
        monkeypatch.setattr(f"secops_portal.lanes.{name}", Known())
    text = make_ci_token(people.system).text
    client = Client()
    client.force_login(people.viewer)
    session = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"
    good = (
        {"HTTP_AUTHORIZATION": f"Bearer {text}"},
        {"HTTP_AUTHORIZATION": f"Token {text}"},
        {"HTTP_AUTHORIZATION": "Basic " + b64encode(f"any:{text}".encode()).decode()},
        {"HTTP_COOKIE": session},
    )
    for sent in good:
        assert recognise(sent), sent
    for sent in (
        {},
        {"HTTP_AUTHORIZATION": f"Bearer {text[:-1]}"},
        {"HTTP_AUTHORIZATION": "Bearer"},
        {"HTTP_AUTHORIZATION": "Basic !"},
        {"HTTP_AUTHORIZATION": "Basic /w=="},
        {"HTTP_COOKIE": session + "x"},
    ):
        assert not recognise(sent), sent
    # A token is asked about once, small; large bodies each time.
    post = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/reports", **good[0]}
    assert not KEEPER.asks(post, "reports")
    assert KEEPER.asks(post | {"HTTP_AUTHORIZATION": "Bearer x"}, "reports")
    assert KEEPER.asks(post, "large")
    assert not KEEPER.asks({}, "pages")
    # Who is refused with 401 is asked about again.
    ApiToken.objects.update(revoked_at=timezone.now())

    def refuses(_environ: Environ, start: Any) -> list[bytes]:
        start("401 Unauthorized", [])
        return []

    recognising(refuses)(post, lambda *_words: print)
    assert KEEPER.asks(post, "reports")
    assert not recognise(post)
    User.objects.filter(pk=people.viewer.pk).update(is_active=False)
    assert not recognise(good[3])


@pytest.mark.django_db
def test_the_portal_says_whose_session_it_is(people: People) -> None:
    client = Client()
    assert client.get("/sign-in/").wsgi_request.META[SIGNED_IN] is False
    client.force_login(people.viewer)
    assert client.get("/findings/").wsgi_request.META[SIGNED_IN] is True


def test_the_web_server_has_a_thread_for_everybody_who_may_wait() -> None:
    config = (TOP / "deploy" / "gunicorn.conf.py").read_text()
    (threads,) = re.findall(r"^threads = (\d+)$", config, re.MULTILINE)
    everybody = sum(lane.places + lane.room for lane in LANES)
    # The rest is for those who need no lane, and for requests whose heads come slowly.
    assert int(threads) >= everybody + 16


def test_strangers_with_large_bodies_are_told_so() -> None:
    told = stranger_refusal({"PATH_INFO": "/api/github/repos/a/b/code-scanning/sarifs"})
    said = json.loads(told.body)
    assert (told.status, said["code"]) == ("401 Unauthorized", "not-authenticated")
    assert said["message"] == said["detail"]  # where GitHub's clients look
    assert stranger_refusal({"PATH_INFO": "/sign-in/"}).status == "413 Content Too Large"
    assert lane_of_large({"PATH_INFO": "/sign-in/"}) == "large"
    assert lane_of_large({"PATH_INFO": f"/hooks/trackers/{UID}/"}) == "signed"


def test_refusals_say_what_happened_to_whom() -> None:
    problem = json.loads(refusal({"PATH_INFO": "/api/v1/reports"}).body)
    assert (problem["status"], problem["code"]) == (503, "busy")
    assert refusal({"PATH_INFO": "/findings/"}).content_type.startswith("text/plain")


class Trickling:
    """A body for whose end nobody waits any longer."""

    def read(self, _size: int) -> bytes:
        raise TimeoutError


def test_a_sender_who_is_too_slow_is_told_so_and_costs_no_place(portal: Portal) -> None:
    answer = ask(door(portal), "/report", source=Trickling(), CONTENT_LENGTH="50")
    assert answer.status.startswith("408 ")
    assert portal.seen == []
    assert ask(door(portal), "/report", b"whole").body == b"/report whole"


def test_only_so_many_bodies_are_read_at_the_same_time(
    portal: Portal, crowd: ThreadPoolExecutor
) -> None:
    here, go_on = threading.Event(), threading.Event()

    class Slow:
        def read(self, _size: int) -> bytes:
            here.set()
            assert go_on.wait(GENEROUS)
            return b"at last"

    narrow = door(portal, readers=1)
    first = crowd.submit(ask, narrow, "/report", source=Slow(), CONTENT_LENGTH="7")
    assert here.wait(GENEROUS)
    assert ask(narrow, "/report", b"another").status.startswith("503 ")
    assert ask(narrow, "/page").status == "200 OK"  # without a body
    go_on.set()
    assert first.result(GENEROUS).body == b"/report at last"
    assert ask(narrow, "/report", b"another").status == "200 OK"


def test_slow_programs_and_people_are_told_so_in_their_own_way() -> None:
    told = slow({"PATH_INFO": "/api/v1/reports"})
    assert (told.status, told.content_type) == ("408 Request Timeout", "application/problem+json")
    assert json.loads(told.body)["code"] == "too-slow"
    assert slow({"PATH_INFO": "/sign-in/"}).content_type.startswith("text/plain")

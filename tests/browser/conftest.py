"""A real portal and a real browser, for each test a page that fails it for what goes wrong on it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.portal import PASSWORD, Portal, running
from tests.browser.watching import Watch, sign_in, watched
from tests.factories import people

CHROMIUM = "/usr/bin/chromium"
MISSING = "No Chromium: set SECOPS_TEST_CHROMIUM, or install Debian's package chromium."
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 15_000  # ms; the machine may be busy with other tests

NewContext = Callable[..., BrowserContext]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives Chromium against real processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.worker)


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which(os.environ.get("SECOPS_TEST_CHROMIUM", CHROMIUM))
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if path is None:
        pytest.skip(MISSING)
    return path


@pytest.fixture(scope="session")
def portal(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One for this folder, not for the session: while Playwright runs, Django's ORM thinks itself in a loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def profiles(browser: Browser, url: str) -> Iterator[NewContext]:
    """Make profiles for the portal at this address; they end with the block."""
    made: list[BrowserContext] = []

    def make(**wishes: object) -> BrowserContext:
        wide = {"width": 1440, "height": 900}
        given: dict[str, object] = {
            "base_url": url,
            "viewport": wide,
            # Colours half way through a transition have a contrast that nobody reads at.
            "reduced_motion": "reduce",
            **wishes,
        }
        context = browser.new_context(**given)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture(scope="module")
def new_context(browser: Browser, portal: Portal) -> Iterator[NewContext]:
    """Make a browser profile of its own: new_context(locale=..., java_script_enabled=...)."""
    with profiles(browser, portal.url) as make:
        yield make


class Visits:
    """Pages of one test; each person has a profile, and all of them are watched."""

    def __init__(self, new_context: NewContext, url: str, password: str) -> None:
        self._new_context = new_context
        self._url = url
        self._password = password
        self._watches: list[Watch] = []

    def page(self, **wishes: object) -> Page:
        """Give a page on which nobody is signed in."""
        context = self._new_context(**wishes)
        self._watches.append(watched(context, self._url))
        return context.new_page()

    def signed_in(self, email: str, **wishes: object) -> Page:
        """Give a page of somebody who has signed in by the form."""
        page = self.page(**wishes)
        sign_in(page, email, self._password)
        return page

    def expect(self, *statuses: int) -> None:
        """Let the pages so far be answered like this without complaint."""
        for watch in self._watches:
            watch.expected |= set(statuses)

    @property
    def complaints(self) -> list[str]:
        return [words for watch in self._watches for words in watch.complaints]

    def check(self) -> None:
        """Fail for everything that went wrong since the last look."""
        found = self.complaints
        for watch in self._watches:
            watch.complaints.clear()
        assert found == []


@pytest.fixture
def visit(new_context: NewContext, portal: Portal) -> Iterator[Visits]:
    visits = Visits(new_context, portal.url, PASSWORD)
    yield visits
    visits.check()


@pytest.fixture
def live_visit(
    beside_playwright: None, live_server: LiveServer, browser: Browser
) -> Iterator[Visits]:
    """Visits of the test's own database, without the demo; its people are those of tests.factories."""
    with profiles(browser, live_server.url) as make:
        visits = Visits(make, live_server.url, people.PASSWORD)
        yield visits
        visits.check()


@pytest.fixture(scope="session")  # outlives the database's own fixtures
def beside_playwright() -> Iterator[None]:
    """Django sees Playwright's event loop in this thread; nothing here runs in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield

"""A browser page that complains: about its console, its policy, and whoever else it asks."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from bin._local import paths
from tests.browser.portal import PASSWORD

ARTEFACTS = paths.TOP / "test-artefacts"
# The browser tells the page of a violation; the page tells the console, where the watch hears it.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} refuses ${event.blockedURI}`));
"""
# Whatever of the page reaches beyond its right edge, but for what scrolls within its own box.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# What a page and its scripts may weigh: bytes of HTML, and bytes of script as they were sent.
HEAVIEST_PAGE, HEAVIEST_SCRIPTS = 100_000, 150_000
WEIGHTS = """
() => [
  performance.getEntriesByType("navigation")[0].decodedBodySize,
  performance.getEntriesByType("resource").filter((each) => each.name.split("?")[0].endsWith(".js"))
    .reduce((sum, each) => sum + each.encodedBodySize, 0),
]"""


@dataclass
class Watch:
    """What went wrong on the pages of one browser context."""

    host: str
    complaints: list[str] = field(default_factory=list)
    # Answers that a test asks for on purpose: a page that is not there, a refused form.
    expected: set[int] = field(default_factory=set)

    def over(self, context: BrowserContext) -> None:
        """Listen to everything that this context will do."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._complain(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _complain(self, words: str) -> None:
        self.complaints.append(words)

    def _console(self, message: ConsoleMessage) -> None:
        # That an answer was 4xx is heard from the answer itself, which a test may expect.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self._complain(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "about", "blob"} and parts.netloc != self.host:
            self._complain(f"request to another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self._complain(f"{response.status} for {response.url}")


def watched(context: BrowserContext, url: str) -> Watch:
    """Watch a context that is allowed to ask the portal at this address and nobody else."""
    watch = Watch(urlsplit(url).netloc)
    watch.over(context)
    return watch


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Sign in by the form, as one of the demo's people if no password is given."""
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: urlsplit(url).path != "/sign-in/")


def screenshot(page: Page, name: str) -> Path:
    """Keep a picture of the whole page for people to look at."""
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def sideways(page: Page) -> int:
    """Return by how many pixels the page can be moved sideways."""
    moved: int = page.evaluate(SIDEWAYS)
    return max(moved, 0)


def burdens(page: Page) -> list[str]:
    """Return what is too heavy of the page that was opened last."""
    html, scripts = page.evaluate(WEIGHTS)
    assert min(html, scripts) > 0  # a browser that does not count would praise everything
    found = [f"{html} bytes of HTML"] if html >= HEAVIEST_PAGE else []
    return [*found, *([f"{scripts} bytes of script"] if scripts >= HEAVIEST_SCRIPTS else [])]


def barriers(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 A and AA and its best practices."""
    results: AxeResults = Axe().run(page)
    return [
        f"{each['id']}: {each['help']}: " + "; ".join(node["html"][:160] for node in each["nodes"])
        for each in results.response["violations"]
    ]

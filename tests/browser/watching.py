"""A browser page that complains: about its console, its policy, and whoever else it asks."""

from collections.abc import Sequence
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

# A line of prose that is longer than this is lost on the way back to its beginning; 90, and some air.
LONGEST_LINE = 95
# Letters in the widest line of each text; what stands in tables, code and small print is not read as prose.
LONG_LINES = """
(most) => [...document.querySelectorAll(
  "main :is(p, li, dd, figcaption, blockquote, .muted, .row-sub)")].flatMap((each) => {
  const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim().length > 30);
  if (!own || each.closest("table, svg, .code, .diff, .faint") || !each.checkVisibility()) return [];
  const words = each.innerText.trim().replace(/\\s+/g, " ");
  const range = document.createRange();
  range.selectNodeContents(each);
  const lines = new Map();
  for (const { left, right, bottom } of range.getClientRects()) {
    const line = lines.get(Math.round(bottom / 6)) ?? [left, right];
    lines.set(Math.round(bottom / 6), [Math.min(line[0], left), Math.max(line[1], right)]);
  }
  const widths = [...lines.values()].map(([left, right]) => right - left);
  const letter = widths.reduce((sum, width) => sum + width, 0) / words.length;
  const longest = Math.round(Math.max(...widths) / letter);
  return words.length > most && longest > most ? [`${longest} letters: ${words.slice(0, 60)}`] : [];
})"""
# Tables that are wider than the place they stand in, where they would be cut or moved sideways.
CUT_TABLES = """
() => [...document.querySelectorAll("main .table:not(.table-keep)")].flatMap((table) => {
  const [width, room] = [table.offsetWidth, table.parentElement.clientWidth];
  const cut = table.checkVisibility() && width > room + 1;
  return cut ? [`${width} px in ${room}: ${table.caption?.innerText}`] : [];
})"""

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
    path = ARTEFACTS / f"{name}.jpg"
    # PNG takes half as long again.
    page.screenshot(path=path, full_page=True, type="jpeg", quality=80)
    return path


def sideways(page: Page) -> int:
    """Return by how many pixels the page can be moved sideways."""
    moved: int = page.evaluate(SIDEWAYS)
    return max(moved, 0)


def long_lines(page: Page) -> list[str]:
    """Return the texts whose lines nobody reads with ease."""
    found: list[str] = page.evaluate(LONG_LINES, LONGEST_LINE)
    return found


def cut_tables(page: Page) -> list[str]:
    """Return the tables that do not fit where they stand."""
    found: list[str] = page.evaluate(CUT_TABLES)
    return found


def burdens(page: Page) -> list[str]:
    """Return what is too heavy of the page that was opened last."""
    html, scripts = page.evaluate(WEIGHTS)
    assert min(html, scripts) > 0  # a browser that does not count would praise everything
    found = [f"{html} bytes of HTML"] if html >= HEAVIEST_PAGE else []
    return [*found, *([f"{scripts} bytes of script"] if scripts >= HEAVIEST_SCRIPTS else [])]


def barriers(page: Page, *, but: Sequence[str] = (), beside: Sequence[str] = ()) -> list[str]:
    """Return what axe finds against WCAG 2.2 A and AA and its best practices.

    It asks without the rules of ``but``, and not of what the selectors of ``beside`` match.
    """
    # Of what is in order it would list every node, which takes twice the time.
    options = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in but}}
    context = {"exclude": [[selector] for selector in beside]} if beside else None
    results: AxeResults = Axe().run(page, context, options)
    return [
        f"{each['id']}: {each['help']}: " + "; ".join(node["html"][:160] for node in each["nodes"])
        for each in results.response["violations"]
    ]

"""Fetching the portal's pages as a browser would, to see that they are there."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from .say import Failure

TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)
PAGES = ("/", "/planning/", "/guidance/", "/systems/", "/findings/", "/reports/", "/sources/")


def plain(text: str) -> str:
    """Return what a person would read of a page, for a message."""
    return " ".join(TAG.sub(" ", text).split())


class Page(HTMLParser):
    """What matters in a page: its forms' fields and the assets it asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.assets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, their fields, and what the browser would load."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "input" and self.forms:
            self.forms[-1].add(given)
        elif tag in {"script", "img"} and given.get("src"):
            self.assets.append(given["src"])
        elif tag == "link" and "stylesheet" in given.get("rel", "").split():
            self.assets.append(given.get("href", ""))

    def sign_in_form(self) -> Form:
        """Return the form that asks for a password. Raises Failure when there is none."""
        for form in self.forms:
            if form.password:
                return form
        raise Failure("The sign-in page has no form with a password.")


@dataclass
class Form:
    """A form: where it goes, what it holds, and which fields a person fills in."""

    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    name: str = ""
    password: str = ""

    def add(self, given: dict[str, str]) -> None:
        """Take an input element in by its type."""
        kind, name = given.get("type", "text"), given.get("name", "")
        if kind == "hidden":
            self.hidden[name] = given.get("value", "")
        elif kind == "password":
            self.password = name
        elif kind in {"text", "email"} and not self.name:
            self.name = name


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, its body as text."""

    url: str
    status: int
    location: str
    kind: str
    text: str


class Visitor:
    """A browser without a screen: it keeps cookies and follows redirects within one site."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.cookies: dict[str, str] = {}
        self.seen_assets: set[str] = set()

    def fetch(self, path: str, form: dict[str, str] | None = None) -> Answer:
        """Fetch ``path`` (or post ``form`` to it) without following redirects."""
        site = urlsplit(self.base_url)
        line = http.client.HTTPConnection(site.hostname or "", site.port, timeout=30.0)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = self.base_url
            body = urlencode(form)
        try:
            line.request("GET" if form is None else "POST", path, body, headers)
            got = line.getresponse()
            text = got.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{path}: no answer ({error})") from error
        finally:
            line.close()
        self._keep_cookies(got)
        kind = got.getheader("Content-Type", "").split(";")[0]
        return Answer(path, got.status, got.getheader("Location", ""), kind, text)

    def _keep_cookies(self, got: http.client.HTTPResponse) -> None:
        for header in got.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value

    def open(self, path: str, form: dict[str, str] | None = None) -> Answer:
        """Fetch ``path`` and follow redirects. Raises Failure unless it ends with 200."""
        answer = self.fetch(path, form)
        for _ in range(5):
            if answer.status not in {301, 302, 303, 307}:
                break
            target = urlsplit(urljoin(self.base_url + answer.url, answer.location))
            if f"{target.scheme}://{target.netloc}" != self.base_url:
                raise Failure(f"{path} leads away from the portal, to {target.geturl()}")
            answer = self.fetch(target.path + (f"?{target.query}" if target.query else ""))
        if answer.status != 200:
            raise Failure(f"{path} answers {answer.status}: {plain(answer.text)[:300]}")
        return answer

    def open_page(self, path: str, form: dict[str, str] | None = None) -> tuple[Answer, Page]:
        """Open an HTML page and everything that it loads. Raises Failure."""
        answer = self.open(path, form)
        page = Page(answer.text)
        if not any(asset.split("?")[0].endswith(".css") for asset in page.assets):
            raise Failure(f"{path} loads no style sheet: are the assets built?")
        for asset in page.assets:
            self._open_asset(urljoin(answer.url, asset))
        return answer, page

    def _open_asset(self, address: str) -> None:
        path = urlsplit(address).path
        if address.startswith("data:") or path in self.seen_assets:
            return
        got = self.open(path)
        if not got.text or got.kind == "text/html":
            raise Failure(f"{path} is not built: {got.kind}, {len(got.text)} characters")
        self.seen_assets.add(path)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in by the form that an unknown visitor is led to. Raises Failure."""
        answer, page = self.open_page("/")
        form = page.sign_in_form()
        filled = {**form.hidden, form.name: name, form.password: password}
        after = self.open(urljoin(answer.url, form.action), filled)
        if any(form.password for form in Page(after.text).forms):
            raise Failure(f"Signing in as {name} led back to the sign-in form.")

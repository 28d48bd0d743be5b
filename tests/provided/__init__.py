"""A certified OpenID provider that others wrote, panva's oidc-provider, on loopback; and who walks through it."""

import contextlib
import json
import secrets
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import (  # noqa: TID251  # a browser is no guarded client
    HTTPCookieProcessor,
    HTTPRedirectHandler,
    Request,
    build_opener,
)

import lxml.html
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from bin._local import paths, setup

PROGRAM = Path(__file__).with_name("provider.js")
OLDEST_NODE = 22  # of oidc-provider 9; the machine's own may be older, the wheel's is not
VERA = "248289761001"
JOB = "payments-scan"  # a client of its own, which asks for proofs
PATIENCE = 30  # seconds of a request; the machine may be busy


def _key() -> dict[str, Any]:
    """A private JWK with a number of its own."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {**RSAAlgorithm.to_jwk(made, as_dict=True), "kid": uuid.uuid4().hex, "use": "sig"}


@dataclass
class Certified:
    """The running provider. Change what it should be, then `configure`.

    people: claims by number (sub); client: OpenID Connect Dynamic Client Registration 1.0 section 2;
    job: what proofs of the client JOB say besides.
    """

    process: subprocess.Popen[str]
    client: dict[str, Any] = field(default_factory=dict)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    job: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=lambda: [_key()])
    url: str = ""
    _secret: str = field(default_factory=secrets.token_urlsafe)
    _job_secret: str = field(default_factory=secrets.token_urlsafe)

    client_id, secret = "portal", "s3cret: with+signs"

    def configure(self) -> None:
        """From now on it is as this says."""
        wanted = {
            "clients": [self._portal(), self._pipeline()],
            "accounts": self.people,
            "keys": self.keys,
            "secret": self._secret,
            "job": self.job,
        }
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{json.dumps(wanted)}\n")
        self.process.stdin.flush()
        port = self.process.stdout.readline().strip()
        assert port, "the provider has ended"
        self.url = f"http://127.0.0.1:{port}"

    def rotate(self) -> None:
        """Another key in place of the one before."""
        self.keys = [_key()]
        self.configure()

    def proof(self, audience: str) -> str:
        """A job's proof: a signed token for this audience (RFC 6749 section 4.4, RFC 8707)."""
        form = {
            "grant_type": "client_credentials",
            "client_id": JOB,
            "client_secret": self._job_secret,
            "resource": audience,
        }
        page = Walker().open(f"{self.url}/token", form)
        assert page.status == 200, page.text
        return str(json.loads(page.text)["access_token"])

    def _portal(self) -> dict[str, Any]:
        return {
            "client_id": self.client_id,
            "client_secret": self.secret,
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
            **self.client,
        }

    def _pipeline(self) -> dict[str, Any]:
        return {
            "client_id": JOB,
            "client_secret": self._job_secret,
            "redirect_uris": [],
            "response_types": [],
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
        }


@contextlib.contextmanager
def certified() -> Iterator[Certified]:
    """The provider, not configured yet; it ends with the block."""
    node, _npm = setup.find_node(OLDEST_NODE)
    with subprocess.Popen(
        [node, PROGRAM],
        cwd=paths.TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"NODE_ENV": "test"},
    ) as process:
        try:
            yield Certified(process)
        finally:
            process.kill()


class _Steps(HTTPRedirectHandler):
    """Follows redirects and keeps where they led."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def redirect_request(self, *args: Any) -> Request | None:
        self.taken.append(args[-1])
        return super().redirect_request(*args)


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    text: str


class Walker:
    """A browser without script: it follows redirects, keeps cookies and sends forms."""

    def __init__(self) -> None:
        self._steps = _Steps()
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), self._steps)

    def led_to(self, path: str) -> str:
        """The last address with this path that a redirect led to."""
        return next(url for url in reversed(self._steps.taken) if urlsplit(url).path == path)

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        body = None if form is None else urlencode(form).encode()
        try:
            answer = self._opener.open(Request(url, body), timeout=PATIENCE)  # noqa: S310  # of a page
        except HTTPError as refused:
            answer = refused
        with answer:
            return Page(answer.url, answer.status, answer.read().decode())

    def send(self, page: Page, action: str = "", **typed: str) -> Page:
        """Send the page's form whose address ends so, with what is in it and what is typed."""
        document: Any = lxml.html.fromstring(page.text)
        form = next(
            each for each in document.forms if str(each.action).partition("?")[0].endswith(action)
        )
        return self.open(urljoin(page.url, form.action), {**dict(form.form_values()), **typed})

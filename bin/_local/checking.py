"""What bin/serve --check asks of a running portal."""

from __future__ import annotations

from collections.abc import Sequence

from .pages import PAGES, Visitor
from .say import Failure, line, step


def fetch_all(url: str, accounts: Sequence[str]) -> None:
    """Fetch the health addresses, the sign-in page and, signed in, the pages. Raises Failure.

    ``accounts`` is what ``manage.py demo_accounts`` prints; without any only the public part is
    fetched.
    """
    visitor = Visitor(url)
    for path in ("/healthz", "/readyz"):
        with step(f"GET {path}"):
            visitor.open(path)
    with step("The sign-in page and its assets"):
        visitor.open_page("/")[1].sign_in_form()
    if not accounts:
        line("  No demo accounts: the pages behind the sign-in are not fetched.")
        return
    name, password = credentials(accounts)
    with step(f"Signing in as {name}"):
        visitor.sign_in(name, password)
    for path in PAGES:
        with step(f"GET {path} and its assets"):
            _, page = visitor.open_page(path)
            if any(form.password for form in page.forms):
                raise Failure(f"{path} shows the sign-in form to someone who is signed in.")


def credentials(accounts: Sequence[str]) -> tuple[str, str]:
    """Return the first account's name and password: the first two words of the first such line.

    Raises Failure when no line has both.
    """
    for text in accounts:
        words = text.split()
        if len(words) >= 2 and not text.endswith(":"):
            return words[0], words[1]
    raise Failure("manage.py demo_accounts printed no account.")

"""A passkey from making it to signing in by it alone, with Chromium's own virtual authenticator."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from tests.browser.conftest import Visits
from tests.factories import make_user
from tests.factories.people import PASSWORD

EMAIL = "pat@example.org"


def with_authenticator(page: Page) -> None:
    """Web Authentication Level 2 section 11: a platform authenticator that verifies its user."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Pat Key", email=EMAIL)


def test_a_passkey_signs_in_by_itself(
    person: User, live_server: LiveServer, live_visit: Visits
) -> None:
    url = live_server.url
    assert "localhost" in url  # a relying party is a name, never a number (section 5.1.2)
    page = live_visit.page()
    with_authenticator(page)
    show_password(page, url)
    page.goto(f"{url}/settings/security/")
    page.get_by_label("Name of the passkey").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#codes")).to_have_text(re.compile(r"([a-z2-9]{5}-[a-z2-9]{5}\s*){10}"))
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Laptop", exact=True)).to_be_visible()

    entry = AuditEntry.objects.get(action="factor.add")
    assert (entry.changes, entry.address) == ({"kind": "passkey"}, "127.0.0.1")

    page.context.clear_cookies()
    page.goto(f"{url}/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/")

    # The password alone no longer does; the passkey is the second step, too.
    page.context.clear_cookies()
    show_password(page, url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/planning/")

    # Taken away here, it opens nothing, although the browser still has it.
    page.goto(f"{url}/settings/security/")
    page.get_by_role("button", name="Remove Laptop").click()
    expect(page.get_by_text("whoever has the password is you")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{url}/sign-in/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("This passkey opens nothing here")).to_be_visible()


def show_password(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in/?next=/planning/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()

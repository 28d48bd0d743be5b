"""What bin/serve --check reads out of pages and of the list of accounts."""

import pytest

from bin._local.checking import credentials
from bin._local.pages import Page
from bin._local.portal import Address
from bin._local.say import Failure

SIGN_IN = """
<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/app.1a2b.css">
<form action="/search"><input type="search" name="q"></form>
<form method="post" action="">
  <input type="hidden" name="csrfmiddlewaretoken" value="t0ken">
  <label>Name <input name="username" autofocus></label> <input type="password" name="password">
</form>
<script src="/static/app.3c4d.js" defer></script><script>inline()</script>
"""


def test_the_form_that_asks_for_a_password_is_found_with_its_fields() -> None:
    form = Page(SIGN_IN).sign_in_form()
    assert (form.name, form.password) == ("username", "password")
    assert form.hidden == {"csrfmiddlewaretoken": "t0ken"}


def test_what_a_browser_would_load_is_found() -> None:
    assert Page(SIGN_IN).assets == ["/static/app.1a2b.css", "/static/app.3c4d.js"]


def test_a_page_without_a_password_form_is_no_sign_in_page() -> None:
    with pytest.raises(Failure, match="no form with a password"):
        Page("<form><input name=q></form>").sign_in_form()


def test_the_first_account_is_used() -> None:
    lines = ["Demo accounts:", "", "ada   a-long-passphrase   security", "bo   other   viewer"]
    assert credentials(lines) == ("ada", "a-long-passphrase")


def test_no_account_is_a_failure() -> None:
    with pytest.raises(Failure):
        credentials(["Demo accounts:", ""])


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - a text
        ("::1", "http://[::1]:8000"),
        ("::", "http://[::1]:8000"),
    ],
)
def test_the_address_shown_is_one_that_a_browser_here_reaches(host: str, url: str) -> None:
    assert Address(host, 8000).url == url

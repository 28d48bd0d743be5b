"""A signed-in browser without a screen, for tests of pages."""

from django.test import Client

from apps.accounts.models import User


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def unmarked(page: bytes) -> str:
    """A page's HTML without the marks on what was searched for, which stand between its words."""
    return page.decode().replace("<mark>", "").replace("</mark>", "")


def text_of(client: Client, path: str) -> str:
    """The page's HTML; it must be there."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()

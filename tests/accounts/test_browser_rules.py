"""What browsers are told in production: cookies of this host alone, nothing kept, no API over http."""

import datetime as dt
import json
import logging
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from apps.accounts.passwords import is_bent_common
from apps.accounts.services.sessions import SEEN_EVERY
from apps.accounts.signing_in import BEGAN, SEEN
from bin._local.pages import PAGES
from tests.conftest import People
from tests.pages import signed_in

TOP = Path(__file__).parents[2]
ASK = """
import json
from django.conf import settings
from apps.common.flashes import HostCookieStorage
names = [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, HostCookieStorage.cookie_name]
secure = [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE]
paths = [settings.SESSION_COOKIE_PATH, settings.CSRF_COOKIE_PATH]
domains = [settings.SESSION_COOKIE_DOMAIN, settings.CSRF_COOKIE_DOMAIN]
shut = [settings.SESSION_COOKIE_HTTPONLY, settings.CSRF_COOKIE_HTTPONLY]
only = [settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS]
print(json.dumps([names, secure, shut, paths, domains, only]))
"""


def test_cookies_and_https_alone_in_production() -> None:
    """RFC 6265bis, section 4.1.3.2: Secure, Path=/ and no Domain, or a browser drops the cookie. ASVS 3.4.1: a year."""
    given = {
        "SECOPS_ENV": "production",
        "SECOPS_BASE_URL": "https://portal.example.org",
        "SECOPS_ALLOWED_HOSTS": "portal.example.org",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", ASK],
        cwd=TOP,
        env=os.environ | given,
        capture_output=True,
        check=True,
        text=True,
    )
    names, secure, shut, paths, domains, only = json.loads(done.stdout.splitlines()[-1])
    assert names == ["__Host-sessionid", "__Host-csrftoken", "__Host-messages"]
    assert secure == shut == [True, True]
    assert paths == ["/", "/"]
    assert domains == [None, None]
    assert only == [365 * 24 * 3600, True]


@pytest.mark.django_db
def test_who_came_by_https_comes_so_again(settings: Any) -> None:
    """RFC 6797: told over https alone, where nobody can have put it there."""
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31536000, True
    for path in ("/sign-in/", "/api/v1/me", "/healthz"):
        told = Client().get(path, secure=True)["Strict-Transport-Security"]
        assert told == "max-age=31536000; includeSubDomains"
        assert "Strict-Transport-Security" not in Client().get(path)


@pytest.mark.django_db
def test_no_script_reads_a_cookie_that_opens(people: People) -> None:
    """ASVS 3.3.4: as they are set, after a sign-in and on a page that tells something."""
    people.viewer.set_password("four words that fit")
    people.viewer.save()
    client = Client()
    client.get("/sign-in/")
    client.post("/sign-in/", {"username": people.viewer.email, "password": "four words that fit"})
    client.post("/settings/place/", {"language": "en", "time_zone": "UTC"})
    assert {"sessionid", "csrftoken"} <= set(client.cookies)
    assert [name for name, cookie in client.cookies.items() if not cookie["httponly"]] == []


@pytest.mark.django_db
def test_no_cache_keeps_a_page(people: People) -> None:
    assert "no-store" in signed_in(people.viewer).get("/")["Cache-Control"]
    assert "no-store" in Client().get("/sign-in/")["Cache-Control"]


@pytest.mark.django_db
def test_signing_out_clears_what_the_browser_keeps(people: People) -> None:
    client = signed_in(people.viewer)
    assert client.post("/sign-out/")["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("path", [*PAGES, "/settings/security/"])
def test_the_way_out_is_on_every_page(people: People, path: str) -> None:
    page = signed_in(people.viewer).get(path).content.decode()
    assert re.search(r'<form action="/sign-out/" method="post">', page), path


@pytest.mark.django_db
def test_the_api_is_no_more_than_refused_over_http(people: People, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = signed_in(people.viewer)
    refused = client.get("/api/v1/me", headers={"Authorization": "Bearer x"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "https-needed"
    assert client.get("/").status_code == 301
    assert client.get("/api/v1/me", secure=True).status_code == 200


@pytest.mark.django_db
def test_sign_ins_are_lines_of_the_log(people: People, caplog: pytest.LogCaptureFixture) -> None:
    people.viewer.set_password("four words that fit")
    people.viewer.save()
    caplog.set_level(logging.INFO, "secops.sign_in")
    for password in ("something else", "four words that fit"):
        typed = {"username": people.viewer.email, "password": password}
        Client().post("/sign-in/", typed)
    failed, worked = [
        record.getMessage() for record in caplog.records if record.name == "secops.sign_in"
    ]
    assert people.viewer.email in failed
    assert "failed" in failed
    assert worked == f"person {people.viewer.pk} signed in with one factor from 127.0.0.1"
    assert not any("four words" in record.getMessage() for record in caplog.records)


@pytest.mark.django_db
def test_a_session_ends_after_its_longest_time_and_with_the_person(
    people: People, settings: Any
) -> None:
    client = signed_in(people.viewer)
    session = client.session
    session[BEGAN] = time.time() - settings.SECOPS_SESSION_HOURS * 3600 + 60
    session.save()
    assert client.get("/").status_code == 200
    session[BEGAN] -= 61
    session.save()
    assert client.get("/").status_code == 302
    assert client.get("/api/v1/me").status_code == 401
    client = signed_in(people.viewer)
    people.viewer.is_active = False
    people.viewer.save()
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_a_session_ends_twelve_hours_after_its_last_request(people: People) -> None:
    """ASVS 7.3.1: a request begins them anew, noted every five minutes."""
    client = signed_in(people.viewer)
    session = client.session
    session[SEEN] = [session.session_key, time.time() - SEEN_EVERY.total_seconds() - 1]
    session.save()
    row = Session.objects.filter(session_key=session.session_key)
    row.update(expire_date=timezone.now() + dt.timedelta(minutes=1))
    assert client.get("/").status_code == 200
    left = row.get().expire_date - timezone.now()
    assert dt.timedelta(hours=11, minutes=59) < left <= dt.timedelta(hours=12)
    row.update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    assert client.get("/").status_code == 302
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/nowhere/", "/api/v1/me", "/healthz"])
def test_what_other_sites_are_told(people: People, path: str) -> None:
    """ASVS 3.4.2 and 3.4.5: nothing of an answer, and of where a person was no path."""
    client = signed_in(people.viewer)
    origin = {"Origin": "https://elsewhere.example.org"}
    asked = {**origin, "Access-Control-Request-Method": "GET"}
    for answer in (client.get(path, headers=origin), client.options(path, headers=asked)):
        assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
        assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD",
        "/.git/config",
        "/.env",
        "/static/",
        "/static/../.env",
        "/static/%2e%2e/manage.py",
        "/static/js/",
        "/media/",
    ],
)
def test_no_history_no_settings_and_no_folder_is_served(people: People, path: str) -> None:
    """ASVS 13.4.1 and 13.4.3."""
    assert signed_in(people.admin).get(path).status_code == 404


@pytest.mark.django_db
def test_a_failure_shows_nothing_of_the_inside(
    people: People, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ASVS 13.4.2: no page of Django's for those who debug."""

    def fails(*_args: Any, **_words: Any) -> None:
        raise RuntimeError("a fault that nobody foresaw")

    monkeypatch.setattr("django.contrib.auth.forms.authenticate", fails)
    client = Client(raise_request_exception=False)
    answer = client.post("/sign-in/", {"username": people.viewer.email, "password": "x"})
    assert answer.status_code == 500
    for inside in ("nobody foresaw", "Traceback", "RuntimeError", settings.SECRET_KEY):
        assert inside not in answer.content.decode()


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL"])
def test_nothing_starts_with_a_secret_of_the_house(name: str) -> None:
    """ASVS 13.2.3: what is not given has no default."""
    done = subprocess.run(
        [sys.executable, "-c", "import secops_portal.settings"],
        cwd=TOP,
        env={**os.environ, name: ""},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_words_of_the_house_are_no_passwords(settings: Any) -> None:
    assert is_bent_common("SecOps-Portal2026")
    assert not is_bent_common("Alderhaven2026!!")
    settings.SECOPS_PASSWORD_WORDS = ["Alder Haven"]
    assert is_bent_common("Alderhaven2026!!")
    assert is_bent_common("4lderh4ven4lderh4ven")


def test_trace_is_not_answered(client: Client) -> None:
    assert client.trace("/sign-in/").status_code == 405

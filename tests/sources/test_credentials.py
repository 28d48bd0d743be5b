"""Secrets: sealed at rest, for one server only, in no answer, log or audit row."""

import json
import logging
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from apps.audit.models import AuditEntry
from apps.common import sealing
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.sources.checks import credential_keys_are_keys
from apps.sources.models import Credential
from apps.sources.services.credentials import (
    credential_create,
    credential_delete,
    credential_replace,
    secret_of,
)
from tests.conftest import People
from tests.factories import actor_of, make_credential, make_source
from tests.servers import Says, Server
from tests.sources.conftest import run

SECRET = "gh-very-secret-0123456789"


def test_the_table_holds_no_secret_and_opens_only_for_its_row(people: People) -> None:
    one = make_credential(people.system, secret=SECRET)
    two = make_credential(people.system, secret="another")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sources_credential::text FROM sources_credential")
        assert all(SECRET not in row[0] for row in cursor.fetchall())
    assert SECRET.encode() not in bytes(one.sealed)
    opened = secret_of(one)
    assert opened is not None
    assert opened.text == SECRET
    assert SECRET not in repr(opened)
    two.sealed = (
        one.sealed
    )  # whoever may write the table moves a secret to a row with another server
    with pytest.raises(Conflict, match="another credential"):
        secret_of(two)


def test_without_a_key_nothing_is_stored(people: People, settings: Any) -> None:
    settings.SECOPS_CREDENTIAL_KEYS = []
    with pytest.raises(Conflict, match="SECOPS_CREDENTIAL_KEYS"):
        make_credential(people.system)
    assert not Credential.objects.exists()


def test_keys_are_rotated(people: People, settings: Any, capsys: Any) -> None:
    old, new = settings.SECOPS_CREDENTIAL_KEYS, [Fernet.generate_key().decode()]
    one = make_credential(people.system, secret=SECRET)
    settings.SECOPS_CREDENTIAL_KEYS = new + old
    assert secret_of(one).text == SECRET  # type: ignore[union-attr]
    call_command("rotate_credentials")
    assert "1 sealed" in capsys.readouterr().out
    settings.SECOPS_CREDENTIAL_KEYS = new
    one.refresh_from_db()
    assert secret_of(one).text == SECRET  # type: ignore[union-attr]
    settings.SECOPS_CREDENTIAL_KEYS = old
    with pytest.raises(Conflict, match="No key"):
        secret_of(one)
    with pytest.raises(SystemExit):
        call_command("rotate_credentials")


def test_a_key_that_is_none_stops_the_deployment(settings: Any) -> None:
    assert credential_keys_are_keys(None) == []
    settings.SECOPS_CREDENTIAL_KEYS = ["short"]
    assert [each.id for each in credential_keys_are_keys(None)] == ["sources.E002"]


def test_who_may(people: People) -> None:
    fields: dict[str, Any] = {"name": "k", "kind": "bearer", "url": "https://a.org", "secret": "s"}
    for person, error in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
        (people.nobody, Missing),
    ):
        with pytest.raises(error):
            credential_create(actor=actor_of(person), system=people.system, **fields)
    made = credential_create(actor=actor_of(people.security), system=people.system, **fields)
    with pytest.raises(Missing):
        credential_replace(actor=actor_of(people.outsider), credential=made, version=1, secret="x")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"kind": "magic"}, "kind"),
        ({"url": "ftp://x"}, "url"),
        ({"url": "https://user:pw@x.org"}, "url"),
        ({"secret": ""}, "secret"),
        ({"secret": "a\r\nX-Evil: 1"}, "secret"),
        ({"secret": "ü"}, "secret"),
        ({"kind": "basic"}, "username"),
        ({"kind": "basic", "username": "a:b"}, "username"),
        ({"kind": "header", "username": "X: y"}, "username"),
        ({"kind": "header", "username": "Host"}, "username"),
        ({"kind": "keys"}, "username"),
    ],
)
def test_what_cannot_be_is_named(people: People, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        make_credential(people.system, **fields)
    assert set(caught.value.fields) == {field}
    assert "pw" not in str(caught.value.fields)


def test_names_are_once_a_system(people: People) -> None:
    make_credential(people.system, name="One")
    make_credential(people.other_system, name="One")
    with pytest.raises(Invalid):
        make_credential(people.system, name="One")


def test_one_in_use_stays(people: People) -> None:
    credential = make_credential(people.system)
    make_source(people.system, name="Needs it", credential=credential)
    with pytest.raises(Conflict, match="Needs it"):
        credential_delete(actor=actor_of(people.security), credential=credential)


@pytest.mark.parametrize(
    ("kind", "username", "header", "expected"),
    [
        ("bearer", "", "authorization", f"Bearer {SECRET}"),
        # RFC 7617, section 2: "Aladdin" with "open sesame".
        ("basic", "Aladdin", "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("header", "PRIVATE-TOKEN", "private-token", SECRET),
    ],
)
def test_it_is_sent_and_nowhere_written(  # noqa: PLR0917  # fixtures
    people: People,
    server: Server,
    caplog: Any,
    kind: str,
    username: str,
    header: str,
    expected: str,
) -> None:
    secret = "open sesame" if kind == "basic" else SECRET
    credential = make_credential(
        people.system, kind=kind, username=username, url=server.url, secret=secret
    )
    server.routes["/report"] = Says({"format": "secops-findings"}, 500)
    source = make_source(people.system, url=f"{server.url}/report", credential=credential)
    with caplog.at_level(logging.DEBUG):
        ended = run(source)
    assert server.asked[0].headers[header] == expected
    assert ended.state == "failed"
    written = caplog.text + ended.error_message + source.last_error
    written += json.dumps(list(AuditEntry.objects.values("changes", "object_label")))
    assert secret not in written
    assert expected not in written
    credential.refresh_from_db()
    assert credential.last_used_at is not None


def test_it_never_goes_to_another_server(people: People, server: Server) -> None:
    """Not at once, not after a later edit of the source's address, not along a redirect."""
    credential = make_credential(people.system, url="https://ci.example.org")
    with pytest.raises(Invalid) as caught:
        make_source(people.system, url=f"{server.url}/x", credential=credential)
    assert set(caught.value.fields) == {"credential"}
    foreign = make_credential(people.other_system, url=server.url)
    with pytest.raises(Invalid):
        make_source(people.system, url=f"{server.url}/x", credential=foreign)
    source = make_source(people.system, credential=credential)
    type(source).objects.filter(pk=source.pk).update(config={"url": f"{server.url}/x"})
    source.refresh_from_db()
    run(source)
    assert "authorization" not in server.asked[0].headers


def test_sealing_differs_every_time(people: People) -> None:
    uid = make_credential(people.system).uid
    assert sealing.seal(uid, "same") != sealing.seal(uid, "same")

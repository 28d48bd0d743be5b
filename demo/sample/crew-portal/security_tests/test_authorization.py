import re

import pytest


@pytest.mark.parametrize(
    ("path", "who", "expected"),
    [
        ("/roster/ada", "ada", 200),
        ("/roster/ada", "bo", 200),
        ("/roster/bo", "ada", 404),
        ("/certificates?name=ada-2026.pdf", "ada", 200),
        ("/certificates?name=bo-2026.pdf", "ada", 404),
        ("/certificates?name=../configuration.txt", "ada", 404),
    ],
    ids=["own_roster", "planner_reads_roster", "colleagues_roster", "own_certificate", "colleagues_certificate", "certificate_outside_folder"],
)
def test_authorization(client, as_person, record_property, path, who, expected):
    record_property("cwe", "CWE-22" if ".." in path else "CWE-639")
    assert client.get(path, headers=as_person(who)).status_code == expected


@pytest.mark.parametrize("path", ["/roster/ada", "/certificates?name=ada-2026.pdf", "/certificates/list"],
                         ids=["roster", "certificate", "certificate_list"])
def test_authorization_of_signed_out(client, record_property, path):
    record_property("cwe", "CWE-862")
    assert client.get(path).status_code == 401


def test_leaver_cannot_sign_in(client, record_property):
    record_property("cwe", "CWE-613")
    assert client.post("/sign-in", data={"name": "cleo", "password": "cleo-demo"}).status_code == 401


def test_password_is_stored_slowly(record_property):
    from app.accounts import stored

    record_property("cwe", "CWE-916")
    assert not re.fullmatch(r"[0-9a-f]{32}", stored("anything")), "the stored form has the length of an MD5"

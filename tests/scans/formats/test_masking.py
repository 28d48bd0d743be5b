"""Secrets never leave."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.scans.formats import masking

# Made up, of the published shapes; written in two parts so that no scanner takes them for real.
TOKENS = [
    "AKIA" + "Z7Q4T2M8K6B3X9WD",
    "ASIA" + "Z7Q4T2M8K6B3X9WD",
    "ghp_" + "a1B2" * 9,
    "ghs_" + "a1B2" * 9,
    "github_pat_" + "a1B2_" * 8,
    "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
    "xoxb-" + "123456789012-123456789012-abcdefABCDEF",
    "AIza" + "SyA1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6Q",
    "sk_live_" + "a1B2c3D4e5F6g7H8i9J0",
    "npm_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "SG." + "a1B2c3D4e5F6g7H8i9J0kk." + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V",
    "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0." + "SflKxwRJSMeKKF2QT4fwpM",
]
KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz0123456789\n-----END RSA "
    "PRIVATE KEY-----"
)


@pytest.mark.parametrize("token", TOKENS)
def test_scrub_masks_credentials_of_known_shape(token: str) -> None:
    record = json.dumps({"line": f"x = '{token}' # y"}).encode()
    masked = masking.scrub(record)
    assert token.encode() not in masked
    assert json.loads(masked)["line"].endswith("' # y")


def test_scrub_masks_private_keys_and_passwords_in_urls() -> None:
    record = json.dumps({"a": KEY, "b": "postgres://shop:hunter22@db.example.org/x"}).encode()
    masked = json.loads(masking.scrub(record))
    assert "MIIE" not in masked["a"]
    assert masked["b"] == "postgres://shop:[masked]@db.example.org/x".replace("shop:", "shop"[:4])


def test_what_is_no_credential_stays_the_same_object() -> None:
    record = b'{"hash": "0123456789abcdef0123456789abcdef", "key": "partialFingerprints", "url": "https://example.org/a@b"}'
    assert masking.scrub(record) is record


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_scrub_keeps_json_well_formed(value: object) -> None:
    json.loads(masking.scrub(json.dumps(value).encode()))


def test_scrub_http_masks_session_headers() -> None:
    record = json.dumps(
        {"request": "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; c=d\r\nX-Api-Key: 12345\r\n\r\nbody"}
    ).encode()
    text = json.loads(masking.scrub_http(record))["request"]
    assert (
        text == "GET / HTTP/1.1\r\nHost: x\r\nCookie: [masked]\r\nX-Api-Key: [masked]\r\n\r\nbody"
    )


@pytest.mark.parametrize(
    ("record", "left"),
    [
        ({"Cookie": "a=b; c=d"}, {"Cookie": "[masked]"}),
        ({"set-cookie": ["a=[1]", 'b="2"', ""]}, {"set-cookie": ["[masked]"] * 3}),
        ({"name": "X-Api-Key", "value": "12345"}, {"name": "X-Api-Key", "value": "[masked]"}),
        ({"name": "Accept", "value": "*/*"}, {"name": "Accept", "value": "*/*"}),
        ({"cookies": "none", "cookie": 5}, {"cookies": "none", "cookie": 5}),
        ({"r": 'Cookie: a="b c"; d=e\r\nx: y'}, {"r": "Cookie: [masked]\r\nx: y"}),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", " : ")])
def test_scrub_http_masks_headers_that_are_members(
    record: object, left: object, separators: tuple[str, str]
) -> None:
    text = json.dumps([record, 1], separators=separators).encode()
    assert json.loads(masking.scrub_http(text)) == [left, 1]


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("", ""),
        ("abc", "[masked, 3 characters]"),
        ("abcdefghij", "ab[masked, 10 characters]"),
        ("abcdefghijklmnop", "abcd[masked, 16 characters]"),
        ("********", "********"),
        ("REDACTED", "REDACTED"),
    ],
)
def test_preview(secret: str, shown: str) -> None:
    assert masking.preview(secret) == shown


def test_digest_is_keyed_and_short() -> None:
    assert masking.digest("a", b"k") == masking.digest("a", b"k")
    assert masking.digest("a", b"k") != masking.digest("a", b"l")
    assert masking.digest("a", b"k") != masking.digest("b", b"k")
    assert len(masking.digest("a", b"k")) == 32


def test_conceal_hides_a_secret_in_every_spelling_and_place() -> None:
    secret = 'line one of it\n"quoted" line two'
    record = {
        "Secret": secret,
        "Match": f"key = {secret}",
        "note": json.dumps(secret),
        "lines": ["line one of it", "harmless"],
        secret: 1,
    }
    hidden = json.dumps(masking.conceal(record, [secret], frozenset({"Secret"})))
    for piece in ("line one of it", "line two", json.dumps(secret)[1:-1]):
        assert piece not in hidden
    assert "harmless" in hidden


@given(st.text(min_size=4), st.text(), st.text())
def test_hide_leaves_nothing_of_a_secret(secret: str, before: str, after: str) -> None:
    if not masking.is_masked(secret) and secret.strip() and secret not in masking.preview(secret):
        hidden = masking.hide(before + secret + after, [secret])
        assert secret not in hidden or secret in masking.preview(secret) * 2


@pytest.mark.parametrize(
    ("rule", "cwes", "expected"),
    [
        ("python.hardcoded-password", (), True),
        ("generic.secrets.gitleaks.aws", (), True),
        ("B101", (798,), True),
        ("B101", (703,), False),
        ("aws-secretsmanager-rotation", (), False),
        ("sql-injection", (89,), False),
    ],
)
def test_rules_about_secrets(rule: str, cwes: tuple[int, ...], expected: bool) -> None:
    assert masking.is_about_secrets(rule, cwes) is expected


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_no_character_is_cut_in_half(before: str) -> None:
    """Limits count bytes; a character outside of ASCII has up to four."""
    wide = before + "😀" * 6000
    for text in (
        f"Cookie: {wide}",
        f"-----BEGIN RSA PRIVATE KEY-----{wide}",
        f"https://{before}é:{before}secret@example.org",
    ):
        masked = masking.scrub_http(text.encode()).decode()  # valid UTF-8, or this fails
        assert "[masked]" in masked

"""The masked copy of a report: without its secrets, and still the same report."""

import base64
import hashlib
import io
import json
import time
from collections.abc import Callable

import pytest

from apps.scans.formats import masking, raw_copy
from tests.scans.formats.support import Sample, name_of, read, samples

KEY = "AKIAZ7Q4T2M8K6B3X9WD"  # of the shape of an AWS key id, made up
with_secrets = [sample for sample in samples() if sample.expected.get("secrets")]
each_sample = pytest.mark.parametrize("sample", samples(), ids=name_of)


def copy_of(sample: Sample) -> bytes:
    with masking.noting() as noted:
        read(sample.format, sample.data)
    return written(sample.data, noted)


def written(data: bytes, noted: dict[str, str] | None = None) -> bytes:
    target = io.BytesIO()
    raw_copy.write(memoryview(data), noted or {}, target)
    return target.getvalue()


def test_there_are_samples_with_secrets() -> None:
    assert len({sample.slug for sample in with_secrets}) > 8


@pytest.mark.parametrize("sample", with_secrets, ids=name_of)
def test_secrets_of_a_sample_are_nowhere_in_its_copy(sample: Sample) -> None:
    copy = copy_of(sample)
    for secret in sample.expected["secrets"]:
        assert secret.encode() not in copy.replace(b"\\/", b"/")


@each_sample
def test_a_copy_is_the_same_report(sample: Sample) -> None:
    copy = copy_of(sample)
    if sample.is_json:
        json.loads(copy.removeprefix(b"\xef\xbb\xbf"))
    _, findings = read(sample.format, sample.data)
    _, again = read(sample.format, copy)
    assert [each.rule_id for each in again] == [each.rule_id for each in findings]
    assert written(copy) == copy  # nothing is left to mask


def test_what_holds_no_secret_is_copied_byte_by_byte() -> None:
    data = b'{"a": "b\\u0041", "c": [1, 2.50, "\xc3\xa4"]}\r\n'
    assert written(data) == data
    assert written(data, {"x": "[masked]"}) == data


@pytest.mark.parametrize(
    ("spelling", "left"),
    [
        (rb'"pa\"ss\u0077ord"', b'"[masked, 9 characters]"'),
        (b'"pa\\"ssword"', b'"[masked, 9 characters]"'),
        (b'"\\ud83d"', b'"[masked]"'),  # half a surrogate pair cannot be compared
        (b'"\xff"', b'"[masked]"'),
        (b'"open', b'"open'),
    ],
)
def test_every_spelling_of_a_secret_is_found(spelling: bytes, left: bytes) -> None:
    noted = {'pa"ssword': "[masked, 9 characters]"}
    assert written(b"[1, " + spelling + b"]", noted) == b"[1, " + left + b"]"


def test_known_shapes_are_masked_in_any_notation() -> None:
    data = f"level,message\nhigh,key {KEY}\nlow,<a>cookie: id=83f1</a>\n".encode()
    assert written(data) == b"level,message\nhigh,key AKIA[masked]\nlow,<a>cookie: [masked]</a>\n"


def test_a_long_file_of_quotes_takes_no_longer_than_its_length() -> None:
    began = time.monotonic()
    data = b'"' + b"\\" * 4_000_001 + b'"' * 4_000_000
    assert len(written(data, {"x": "y"})) >= 4_000_000
    assert time.monotonic() - began < 30


def test_many_secrets_take_no_longer_than_their_number() -> None:
    """Each stands in base64, too, as in recorded requests: two thousand took a quarter of a minute."""
    secrets = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(2000)]
    record = '{"secret": "%s", "request": "%s"}'
    sent = [base64.b64encode(f"GET /pl4nted?key={one}".encode()).decode() for one in secrets]
    data = "[" + ",".join(map(record.__mod__, zip(secrets, sent, strict=True))) + "]"
    began = time.process_time()
    copy = json.loads(written(data.encode(), dict.fromkeys(secrets, "[masked]")))
    assert time.process_time() - began < 5
    assert {each["secret"] for each in copy} == {"[masked]"}
    assert {base64.b64decode(each["request"]) for each in copy} == {b"GET /pl4nted?key=[masked]"}


def test_of_secrets_that_begin_alike_the_longest_goes() -> None:
    noted = dict.fromkeys(["pass", "passw", "password", "pa", "a<b", "word.", ""], "[masked]")
    assert written(b"password,passwx,p,pax,a&lt;b,wordx", noted) == (
        b"[masked],[masked]x,p,[masked]x,[masked],wordx"
    )
    noted = dict.fromkeys(["/a//b", "/a/./c", "/a/b", "a/b/", "a/b"], "[masked]")
    assert written(b"/a//b /a/./c /a/b /a/c a/b/ a/b a/c", noted) == (
        b"[masked] [masked] [masked] /a/c [masked] [masked] a/c"
    )


REQUEST = b"GET /q HTTP/1.1\r\nCookie: SID=pl4nted83f1\r\n\r\npassword=pl4ntedword&x=\xc3\xa4" * 2
MASKED = REQUEST.replace(b"SID=pl4nted83f1", b"[masked]").replace(b"pl4ntedword", b"[masked]")


@pytest.mark.parametrize(
    "around",
    [
        b"<request base64='true'><![CDATA[%s]]></request>",
        b'{"request": "\\n%s"}',
        b'{"request":"%s", "a": 1}',
    ],
)
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_what_is_base64_is_masked_inside(around: bytes, encode: Callable[[bytes], bytes]) -> None:
    given = encode(REQUEST)
    if b"{" in around:
        given = given.replace(b"\n", b"\\n").replace(b"/", b"\\/")
    copy = written(around % given, {"pl4ntedword": "[masked]"})
    before, after = around.split(b"%s")
    assert copy.startswith(before)
    assert base64.b64decode(copy.removeprefix(before).partition(after[:1])[0]) == MASKED


@pytest.mark.parametrize("end", [b"", b"="])
def test_what_is_base64url_is_masked_inside(end: bytes) -> None:
    """As tokens in addresses have it, mostly without padding."""
    secret = b"?>?>?>?>?>?> password=pl4ntedword" + (b"&a" if end else b"&ab")
    given = base64.urlsafe_b64encode(secret)
    assert set(b"-_") & set(given)
    assert given.endswith(b"=") == bool(end)
    data = b'{"a": "https://a.example/x-y/?state=%s&next=/some-long/path_with-words/here"}' % given
    copy = written(data, {"pl4ntedword": "[masked]"})
    before, after = data.split(given)
    assert copy.startswith(before)
    assert copy.endswith(after)
    inside = copy[len(before) : -len(after)]
    assert inside.endswith(b"=") in {False, bool(end)}
    assert base64.urlsafe_b64decode(inside + b"=" * (-len(inside) % 4)) == secret.replace(
        b"pl4ntedword", b"[masked]"
    )


def test_base64_in_base64_is_masked_however_deep() -> None:
    given, hidden = REQUEST, MASKED
    for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b64encode):
        given, hidden = b"a=b; token: " + encode(given), b"a=b; token: " + encode(hidden)
        copy = written(b'{"x": "%s"}' % given, {"pl4ntedword": "[masked]"})
        assert copy == b'{"x": "%s"}' % hidden


def test_base64_without_a_secret_stays_as_it_is() -> None:
    given = base64.encodebytes(b"GET / " * 40).replace(b"\n", b"\\n")
    data = b'{"a": "%s", "b": "%s", "c": "%s"}' % (given, b"9f86d081" * 8, b"a" * 29)
    assert written(data, {"pl4ntedword": "[masked]"}) == data


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_masked_and_stays_utf_16(name: str) -> None:
    text = '\ufeff{"a": "%s", "b": "p\u00e4ssword"}'
    copy = written((text % KEY).encode(name), {"p\u00e4ssword": "[masked]"})
    assert copy.decode(name) == (text % "AKIA[masked]").replace("p\u00e4ssword", "[masked]")

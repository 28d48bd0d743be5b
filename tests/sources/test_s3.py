"""S3: signatures by AWS's published examples, then a real S3 server (moto's) on loopback."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from apps.scans.models import Report
from apps.sources.connectors.sigv4 import sign
from apps.sources.models import Source
from tests.conftest import People
from tests.factories import make_credential, make_source
from tests.factories.numbers import next_number
from tests.servers import Says, Server
from tests.sources.conftest import run

KEYS = {"kind": "keys", "username": "AKIAIOSFODNN7EXAMPLE",
        "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}  # fmt: skip
DAY = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("url", "headers", "signature"),
    [
        (
            "https://examplebucket.s3.amazonaws.com/test.txt",
            {"Range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "https://examplebucket.s3.amazonaws.com/?lifecycle",
            {},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_examples_of_the_s3_reference(
    url: str, headers: dict[str, str], signature: str
) -> None:
    """Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header", examples."""
    signed = sign(
        method="GET",
        url=url,
        body=b"",
        access_key=KEYS["username"],
        secret_key=KEYS["secret"],
        region="us-east-1",
        now=DAY,
        headers=headers,
    )
    assert signed["Authorization"].endswith(f"Signature={signature}")


@pytest.fixture(scope="module")
def moto() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@dataclass(frozen=True)
class Bucket:
    """A bucket of the test's own, filled by boto3, in which our own connector has to find its way."""

    client: Any
    name: str
    url: str

    def put(self, *keys: str, body: bytes = b'{"a": 1}') -> None:
        for key in keys:
            self.client.put_object(Bucket=self.name, Key=key, Body=body)


@pytest.fixture
def bucket(moto: ThreadedMotoServer, settings: Any) -> Iterator[Bucket]:
    host, port = moto.get_host_and_port()
    settings.SECOPS_OUTGOING_SCHEMES = ["http"]
    settings.SECOPS_OUTGOING_PORTS = [port]
    settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id=KEYS["username"],
        aws_secret_access_key=KEYS["secret"],
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
    one = Bucket(client, f"reports-{next_number()}", f"http://{host}:{port}")
    client.create_bucket(Bucket=one.name)
    yield one
    client.close()


def source_of(people: People, there: Bucket, **config: Any) -> Source:
    credential = make_credential(people.system, url=there.url, **KEYS)
    config = {"url": there.url, "bucket": there.name, "prefix": "payments/", **config}
    return make_source(people.system, connector="s3", config=config, credential=credential)


def filenames() -> list[str]:
    return sorted(Report.objects.values_list("filename", flat=True))


def test_new_objects_only(people: People, bucket: Bucket) -> None:
    bucket.put("payments/a b(1)+ü.sarif", "payments/x/b.sarif", "other/c.sarif", "payments/n.txt")
    bucket.put("payments/empty.sarif", body=b"")
    source = source_of(people, bucket, suffix=".sarif")
    assert run(source).received == 2
    assert filenames() == ["a b(1)+ü.sarif", "b.sarif"]
    assert run(source).received == 0
    bucket.put("payments/0-sorts-before-all.sarif")
    bucket.put("payments/x/b.sarif", body=b'{"a": 2}')  # the same name, another version
    assert run(source).received == 2
    assert Report.objects.count() == 4


def test_pages_of_a_large_listing(
    people: People, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 gives 1 000 keys a page, moto here five."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    bucket.put(*(f"payments/{number:05d}.json" for number in range(13)))
    source = source_of(people, bucket)
    monkeypatch.setattr("apps.sources.services.runs.MAX_REPORTS", 4)
    assert run(source).received == 4  # no more than this in one run; the next one goes on
    assert run(source).received == 4
    assert Report.objects.values("filename").distinct().count() == 8


def test_names_that_sort_by_time_are_listed_from_the_last_one_on(
    people: People, bucket: Bucket
) -> None:
    bucket.put("payments/2026-01-01.json", "payments/2026-01-02.json")
    source = source_of(people, bucket, is_ordered=True)
    assert run(source).received == 2
    assert source.cursor == {"after": "payments/2026-01-02.json"}
    bucket.put("payments/2026-01-03.json", "payments/2025-12-31.json")
    assert run(source).received == 1
    assert "2025-12-31.json" not in filenames()


def test_a_bucket_that_is_not_there(people: People, bucket: Bucket) -> None:
    ended = run(source_of(people, bucket, bucket="elsewhere"))
    assert (ended.error_code, "HTTP 404" in ended.error_message) == ("bad-status", True)


@pytest.mark.parametrize(
    "body",
    [
        b"<html/>",
        b"{}",
        b"",
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/x">]><ListBucketResult>&e;</ListBucketResult>',
        b"<a>" * 100_000,
    ],
)
def test_listings_from_strangers(people: People, server: Server, body: bytes) -> None:
    server.routes["/reports"] = Says(body)
    config = {"url": server.url, "bucket": "reports"}
    ended = run(make_source(people.system, connector="s3", config=config))
    assert (ended.state, ended.error_code) == ("failed", "bad-answer")


def test_a_listing_without_end(people: People, server: Server, monkeypatch: Any) -> None:
    monkeypatch.setattr("apps.sources.connectors.s3.MAX_PAGES", 5)
    server.routes["/reports"] = Says(
        b"<ListBucketResult><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
    )
    config = {"url": server.url, "bucket": "reports"}
    ended = run(make_source(people.system, connector="s3", config=config))
    assert (ended.error_code, len(server.asked)) == ("bad-answer", 5)

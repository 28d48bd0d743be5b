"""An S3-compatible bucket: each new object below a prefix, once in each version.

Any server that speaks ListObjectsV2 and GetObject with Signature Version 4 will do; buckets are
addressed by path, which all of them understand.
"""

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lxml import etree

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors import sigv4
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import moment
from apps.sources.connectors.types import Connector, Context, Found

MAX_NEW = 20_000
MAX_PAGES = 2000
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


@dataclass(frozen=True)
class _Object:
    key: str
    etag: str
    changed: dt.datetime
    size: int

    def version(self, bucket: str) -> str:
        return f"{bucket}/{self.key}\n{self.etag}\n{self.changed.isoformat()}"


class S3Prefix(Connector):
    slug = "s3"
    name = "S3 bucket"
    summary = "New objects below a prefix of an S3-compatible bucket."
    fields = (
        Field("url", "Endpoint", "url", help="https://s3.eu-central-1.amazonaws.com"),
        Field("region", "Region", default="us-east-1", pattern=r"[a-z0-9-]{1,40}",
              help="Small letters, digits and dashes; any for most other servers."),
        Field("bucket", "Bucket", pattern=_BUCKET, help="The bucket's name, in small letters."),
        Field("prefix", "Prefix", required=False, help="Such as payments/reports/"),
        Field("suffix", "Names end with", required=False, help="Such as .sarif"),
        Field("max_age_days", "No older than, in days", "number", default=30, low=1, high=3650),
        Field("is_ordered", "Names sort by time", "flag", default=False,
              help="Where new names always sort behind old ones: spares listing all of them."),
    )  # fmt: skip
    credentials = frozenset({"keys"})

    def pull(self, context: Context) -> Iterator[Found]:
        """New objects, the oldest first."""
        bucket = str(context.config["bucket"])
        is_ordered = bool(context.config["is_ordered"])
        for found in self._new(context):
            with self._open(context, self._object_url(context.config, found.key)) as answer:
                cursor = {"after": found.key} if is_ordered else dict(context.cursor)
                yield Found(
                    chunks=answer.chunks(),
                    cursor=cursor,
                    key=found.version(bucket),
                    filename=found.key.rsplit("/", 1)[-1],
                )

    def probe(self, context: Context) -> str:
        objects, more = self._page(context, {"max-keys": "100"})
        count = f"{len(objects)} or more" if more else str(len(objects))
        return f"{count} objects below {context.config['prefix'] or 'the bucket'}."

    def _new(self, context: Context) -> list[_Object]:
        config, bucket = context.config, str(context.config["bucket"])
        oldest = context.now - dt.timedelta(days=int(config["max_age_days"]))
        new: list[_Object] = []
        for objects in self._pages(context):
            fitting = [
                each
                for each in objects
                if each.changed >= oldest
                and each.size > 0
                and each.key.endswith(str(config["suffix"]))
            ]
            known = context.known([each.version(bucket) for each in fitting])
            new += [each for each in fitting if each.version(bucket) not in known]
            if len(new) > MAX_NEW:
                raise OutgoingFailed(errors.SIZE, f"More than {MAX_NEW} new objects; narrow it.")
        if config["is_ordered"]:
            return sorted(new, key=lambda each: each.key)
        return sorted(new, key=lambda each: (each.changed, each.key))

    def _pages(self, context: Context) -> Iterator[list[_Object]]:
        asked: dict[str, str] = {}
        if context.config["is_ordered"] and context.cursor.get("after"):
            asked = {"start-after": str(context.cursor["after"])}
        for _ in range(MAX_PAGES):
            objects, token = self._page(context, asked)
            yield objects
            if not token:
                return
            asked = {"continuation-token": token}
        raise OutgoingFailed(errors.CONTENT, "The listing does not end.")

    def _page(self, context: Context, asked: Mapping[str, str]) -> tuple[list[_Object], str]:
        """Objects and the token of the next page, empty on the last one."""
        config = context.config
        query = {"list-type": "2", "prefix": str(config["prefix"]), **asked}
        url = f"{config['url'].rstrip('/')}/{config['bucket']}?{sigv4.canonical_query(_joined(query))}"
        with self._open(context, url) as answer:
            return _listing(answer.read())

    def _object_url(self, config: Mapping[str, Any], key: str) -> str:
        path = quote(f"/{config['bucket']}/{key}", safe="/-_.~")
        return f"{str(config['url']).rstrip('/')}{path}"

    def _open(self, context: Context, url: str) -> Any:
        signer = functools.partial(_signed, context) if context.http.secret is not None else None
        return context.http.open(url, signer=signer)


def _signed(context: Context, method: str, url: str, body: bytes) -> Mapping[str, str]:
    secret = context.http.secret
    assert secret is not None  # noqa: S101  # only handed over where there is one
    return sigv4.sign(
        method=method,
        url=url,
        body=body,
        access_key=secret.username,
        secret_key=secret.text,
        region=str(context.config["region"]),
        now=dt.datetime.now(dt.UTC),
    )


def _joined(query: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())


def _listing(body: bytes) -> tuple[list[_Object], str]:
    """ListBucketResult. SECURITY: a stranger's XML, without entities, network or huge trees."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise OutgoingFailed(errors.CONTENT, "The answer is no listing of a bucket.") from None
    has_dtd = b"<!doctype" in body.lower()
    if has_dtd or etree.QName(root).localname != "ListBucketResult":
        raise OutgoingFailed(errors.CONTENT, "The answer is no listing of a bucket.")
    objects = []
    for node in root.iterfind("{*}Contents"):
        changed = moment(node.findtext("{*}LastModified") or "")
        size = node.findtext("{*}Size") or "0"
        key = node.findtext("{*}Key") or ""
        if changed is not None and key and size.isdecimal():
            objects.append(_Object(key, node.findtext("{*}ETag") or "", changed, int(size)))
    is_cut = (root.findtext("{*}IsTruncated") or "").strip() == "true"
    return objects, (root.findtext("{*}NextContinuationToken") or "") if is_cut else ""

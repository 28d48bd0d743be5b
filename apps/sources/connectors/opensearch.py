"""OpenSearch, Elasticsearch and Wazuh's indexer: events that are new, or a whole index of states.

Source: OpenSearch Search API: search_after over a sorted query, and the scroll API for snapshots.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import inner, text
from apps.sources.connectors.paging import expect_list, expect_objects
from apps.sources.connectors.types import Connector, Context, Found

PAGE = 500
MOST = 100_000  # hits of one run
OVERLAP = "60s"  # events that reach the index late
MAX_REMEMBERED = 5000
_KEEP = "2m"


class OpenSearchQuery(Connector):
    slug = "opensearch"
    name = "OpenSearch or Wazuh"
    summary = "New alerts of an index, or all vulnerabilities that Wazuh's indexer knows."
    fields = (
        Field("url", "Indexer", "url", help="https://wazuh-indexer.example.org"),
        Field("index", "Index", default="wazuh-alerts-*", pattern=r"[a-z0-9][a-z0-9_.,*-]{0,200}",
              help="wazuh-alerts-*, wazuh-states-vulnerabilities-*"),
        Field("mode", "It holds", "choice", default="wazuh-alerts",
              choices=(("wazuh-alerts", "alerts of Wazuh"),
                       ("wazuh-vulns", "vulnerabilities of Wazuh"),
                       ("events", "other events, in the format of the source"))),
        Field("query", "Only those", required=False, help="In Lucene's syntax: rule.level:>=7"),
        Field("time", "Field of the time", default="timestamp", pattern=r"[@\w.]{1,100}",
              help="timestamp or @timestamp"),
        Field("first_days", "How far back at first, in days", "number", default=7, low=1, high=365),
    )  # fmt: skip
    credentials = frozenset({"basic", "bearer", "header"})

    def pull(self, context: Context) -> Iterator[Found]:
        if context.config["mode"] == "wazuh-vulns":
            yield self._snapshot(context)
        else:
            yield from self._events(context)

    def probe(self, context: Context) -> str:
        data = self._search(
            context, {"size": 1, "query": self._query(context), "track_total_hits": True}
        )
        expect_list(inner(data, "hits", "hits"), "hits")
        total = text(data, "hits", "total", "value") or text(data, "hits", "total") or "0"
        return f"The index answers: {total} documents fit."

    def _events(self, context: Context) -> Iterator[Found]:
        """Events since the last one, with an overlap for those that come late; what was taken is known
        by its id."""
        remembered = context.cursor.get("ids")
        taken = set(map(str, remembered)) if isinstance(remembered, list) else set()
        since = text(context.cursor, "since")
        hits = self._since(context, since)
        new = [hit for hit in hits if text(hit, "_id") not in taken]
        if not new:
            return
        time = str(context.config["time"])
        newest = max([since, *(_time(hit, time) for hit in new)])
        ids = [text(hit, "_id") for hit in hits][-MAX_REMEMBERED:]
        lines = b"\n".join(json.dumps({"_source": inner(hit, "_source")}).encode() for hit in new)
        is_wazuh = context.config["mode"] == "wazuh-alerts"
        yield Found(
            chunks=[lines + b"\n"],
            cursor={"since": newest, "ids": ids},
            filename="events.jsonl",
            format="wazuh-alerts" if is_wazuh else "",
            is_full=False,
        )

    def _since(self, context: Context, since: str) -> list[dict[str, Any]]:
        """Hits in the order of time. Raises: OutgoingFailed."""
        time = str(context.config["time"])
        begin = f"{since}||-{OVERLAP}" if since else f"now-{context.config['first_days']}d"
        asked: dict[str, Any] = {
            "size": PAGE,
            "query": self._query(context, {"range": {time: {"gte": begin}}}),
            "sort": [{time: "asc"}],
        }
        found: list[dict[str, Any]] = []
        while len(found) < MOST:
            data = self._search(context, asked)
            hits = expect_objects(inner(data, "hits", "hits"), "hits")
            found += hits
            after = inner(hits[-1], "sort") if hits else None
            if (
                len(hits) < PAGE
                or not isinstance(after, list)
                or after == asked.get("search_after")
            ):
                break
            asked["search_after"] = after
        return found

    def _snapshot(self, context: Context) -> Found:
        """Every document, by scrolling."""
        data = self._search(
            context, {"size": PAGE, "query": self._query(context), "sort": ["_doc"]}, scroll=_KEEP
        )
        found = expect_objects(inner(data, "hits", "hits"), "hits")
        hits = found
        while hits and len(found) < MOST:
            data = self._post(
                context, "_search/scroll", {"scroll": _KEEP, "scroll_id": text(data, "_scroll_id")}
            )
            hits = expect_objects(inner(data, "hits", "hits"), "hits")
            found += hits
        found.sort(key=lambda hit: (text(hit, "_index"), text(hit, "_id")))
        slim = [{name: hit.get(name) for name in ("_index", "_id", "_source")} for hit in found]
        return Found(
            chunks=[json.dumps({"hits": {"hits": slim}}).encode()],
            cursor={},
            is_live=True,
            is_full=len(found) < MOST,
            filename="wazuh-vulnerabilities.json",
            format="wazuh-vulns",
        )

    def _query(self, context: Context, *conditions: Mapping[str, Any]) -> dict[str, Any]:
        wanted: list[Mapping[str, Any]] = list(conditions)
        if words := str(context.config["query"]):
            wanted.append({"query_string": {"query": words}})
        return {"bool": {"filter": wanted}} if wanted else {"match_all": {}}

    def _search(self, context: Context, asked: Mapping[str, Any], scroll: str = "") -> Any:
        index = quote(str(context.config["index"]), safe=",*")
        return self._post(
            context, f"{index}/_search" + (f"?scroll={scroll}" if scroll else ""), asked
        )

    def _post(self, context: Context, path: str, asked: Mapping[str, Any]) -> Any:
        data, _ = context.http.json(
            f"{str(context.config['url']).rstrip('/')}/{path}",
            method="POST",
            headers={"Content-Type": "application/json"},
            body=json.dumps(asked).encode(),
        )
        failed = inner(data, "_shards", "failed")
        if inner(data, "timed_out") is True or (isinstance(failed, int) and failed > 0):
            raise OutgoingFailed(errors.CONTENT, "The indexer answered with a part only.")
        return data


def _time(hit: Mapping[str, Any], field: str) -> str:
    """The event's own time, also where the name is a path."""
    source = inner(hit, "_source")
    return text(source, field) or text(source, *field.split("."))

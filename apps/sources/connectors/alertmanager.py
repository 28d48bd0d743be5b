"""Prometheus Alertmanager: the alerts that are firing.

Source: Alertmanager API v2, GET /api/v2/alerts.
"""

import json
from collections.abc import Iterator
from typing import Any

from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import text
from apps.sources.connectors.paging import address, expect_objects
from apps.sources.connectors.types import Connector, Context, Found

# What changes with every evaluation of a rule, though nothing happened.
RESTLESS = ("endsAt", "updatedAt")


class AlertmanagerAlerts(Connector):
    slug = "alertmanager"
    name = "Prometheus Alertmanager"
    summary = "The alerts that are firing; one that is over is closed."
    fields = (
        Field(
            "url", "Server", "url", help="https://alertmanager.example.org, with its path prefix"
        ),
        Field("filter", "Matcher", required=False, help='Such as team="payments"'),
        Field("receiver", "Receiver", required=False, help="Only alerts for it."),
    )
    credentials = frozenset({"bearer", "basic", "header"})
    stages = ("monitor",)

    def pull(self, context: Context) -> Iterator[Found]:
        """One snapshot of all alerts, in an order of their own, so that the same alerts are the same
        report."""
        alerts = self._alerts(context)
        kept = [{k: v for k, v in each.items() if k not in RESTLESS} for each in alerts]
        kept.sort(key=lambda each: text(each, "fingerprint"))
        yield Found(
            chunks=[json.dumps(kept, sort_keys=True).encode()],
            cursor={},
            is_live=True,
            filename="alerts.json",
            format="alertmanager-api",
        )

    def probe(self, context: Context) -> str:
        return f"{len(self._alerts(context))} alerts are firing."

    def _alerts(self, context: Context) -> list[dict[str, Any]]:
        config = context.config
        url = address(
            str(config["url"]), "api", "v2", "alerts",
            filter=config["filter"], receiver=config["receiver"],
        )  # fmt: skip
        data, _ = context.http.json(url)
        return expect_objects(data, "alerts")

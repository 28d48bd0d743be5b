"""What a pulled report became: processed as a worker does, and its findings as people see them."""

from typing import Any

from apps.catalog.models import System
from apps.scans.models import Finding, Report
from apps.sources.models import Source
from tests.factories import make_credential, make_source
from tests.scans.reports import process as process_one
from tests.servers import Server


def process() -> Report:
    """Process what is waiting; the newest report."""
    for report in Report.objects.filter(state="received").order_by("pk"):
        process_one(report)
    newest: Report = Report.objects.latest("pk")
    assert newest.state == "processed", (newest.error_reason, newest.error_message)
    return newest


def findings(*names: str) -> list[tuple[Any, ...]]:
    """Some fields of all findings, in the order of their titles."""
    return list(Finding.objects.order_by("title", "pk").values_list(*names))


def make(system: System, server: Server, connector: str, **fields: Any) -> Source:
    """A source of the server with a token for it; `secret` {} for none."""
    config = {"url": server.url, **fields.pop("config", {})}
    secret = fields.pop("secret", {"kind": "bearer", "secret": "t0ken"})
    credential = make_credential(system, url=server.url, **secret) if secret else None
    return make_source(system, connector=connector, config=config, credential=credential, **fields)

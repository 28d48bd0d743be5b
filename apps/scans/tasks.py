from celery import shared_task

from apps.scans.services import counts as counts_service
from apps.scans.services import exploit_fetch
from apps.scans.services import groups as groups_service
from apps.scans.services import ingest as ingest_service
from apps.scans.services import raw as raw_service
from apps.scans.services import retention as retention_service
from apps.scans.services import sweep as sweep_service
from apps.scans.services import texts as texts_service
from apps.scans.services import triage as triage_service


@shared_task(name="scans.ingest")
def ingest(report_id: int) -> None:
    ingest_service.report_ingest(report_id)


@shared_task(name="scans.sweep")
def sweep() -> None:
    sweep_service.reports_send_due()
    triage_service.triages_send_due()
    groups_service.groups_make_due()
    texts_service.texts_keep_due()
    counts_service.counts_mend()
    raw_service.raw_leftovers_delete()


@shared_task(name="scans.triage")
def triage(triage_id: int) -> None:
    triage_service.triage_run(triage_id)


@shared_task(name="scans.fetch_feeds")
def fetch_feeds() -> None:
    exploit_fetch.feeds_fetch_due()


@shared_task(name="scans.retain")
def retain() -> None:
    retention_service.raw_copies_remove()

"""What the outbox tells this app. Idempotent: a link exists once, whoever makes it again."""

from typing import Any

from apps.evidence.services.links import links_make_for_report, links_make_for_statement
from apps.evidence.services.signals import signals_review_all
from apps.evidence.services.triage_rules import (
    triage_rule_link,
    triage_rule_unlink,
    triage_rules_link_report,
)
from apps.evidence.services.updates import updates_renew
from apps.scans.models import Report


def on_report_processed(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001  # handlers' signature
    links_make_for_report(report_id=payload["report_id"])
    report = Report.objects.filter(pk=payload["report_id"]).first()
    if report is not None:
        signals_review_all(report)


def on_report_sorted(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    """Rules of findings may ask for what scans say of a finding first: its tags, its owner."""
    if triage_rules_link_report(report_id=payload["report_id"]):
        signals_review_all(Report.objects.get(pk=payload["report_id"]))


def on_rule_switched_off(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    triage_rule_unlink(rule_id=payload["rule_id"])


def on_rule_switched_on(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    triage_rule_link(rule_id=payload["rule_id"])


def on_statement_published(event_id: int, payload: dict[str, Any]) -> None:  # noqa: ARG001
    links_make_for_statement(statement_id=payload["statement_id"])
    updates_renew(statement_id=payload["statement_id"])

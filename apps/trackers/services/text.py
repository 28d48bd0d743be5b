"""What leaves the portal in a ticket. SECURITY: never a snippet, a description or a tool's raw record."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator

from apps.accounts.places import unplaced
from apps.risks.models import RiskStatement
from apps.scans.models import Finding
from apps.trackers.clients.registry import CLIENTS

MOST_TOLD = 25  # other findings of a ticket that it names
LONGEST_TITLE = 250  # GitHub takes 256 characters, GitLab and Jira 255


@dataclass(frozen=True)
class TicketText:
    title: str
    body: str


@unplaced()
def ticket_text(
    kind: str,
    subject: Finding | RiskStatement,
    *,
    link_only: bool,
    others: Sequence[Finding] = (),
) -> TicketText:
    """Title and body for a tracker of this kind. link_only: nothing but references and addresses.

    others: more findings that the ticket is for.
    """
    reference = f"finding {subject.pk}" if isinstance(subject, Finding) else subject.key
    name = "finding-detail" if isinstance(subject, Finding) else "statement-detail"
    address = settings.BASE_URL + reverse(name, args=[subject.pk])
    title, facts = f"SecOps Portal: {reference}", ""
    if not link_only:
        title, lines = _of_finding(subject) if isinstance(subject, Finding) else _of_risk(subject)
        lines += _of_others(others)
        facts = CLIENTS[kind].quoted("\n".join(line for line in lines if line)) + "\n\n"
    more = f" (and {len(others)} more)" if others else ""
    addresses = [f"SecOps Portal, {reference}: {address}", *_addresses(others)]
    body = facts + "\n".join([*addresses, "The portal advises; it does not gate.", ""])
    room = LONGEST_TITLE - len(more)
    return TicketText(Truncator(" ".join(title.split())).chars(room) + more, body)


def _of_others(others: Sequence[Finding]) -> list[str]:
    if not others:
        return []
    told = [
        f"- [{each.get_severity_display()}] {' '.join(each.title.split())}"
        + (f" ({each.place})" if each.place else "")
        + f", by {each.series.tool}"
        for each in others[:MOST_TOLD]
    ]
    return ["", f"Also ({len(others)}):", *told, _left(others)]


def _addresses(others: Sequence[Finding]) -> list[str]:
    told = [
        f"Also finding {each.pk}: {settings.BASE_URL}{reverse('finding-detail', args=[each.pk])}"
        for each in others[:MOST_TOLD]
    ]
    return [line for line in (*told, _left(others)) if line]


def _left(others: Sequence[Finding]) -> str:
    left = len(others) - MOST_TOLD
    return f"and {left} more, on the portal's page" if left > 0 else ""


def _of_finding(finding: Finding) -> tuple[str, list[str]]:
    severity = finding.get_severity_display()
    weaknesses = [f"CWE-{cwe}" for cwe in finding.cwes]
    return f"[{severity}] {finding.title}", [
        finding.title,
        f"System: {finding.system.name}",
        f"Severity: {severity}",
        f"Place: {finding.place}" if finding.place else "",
        f"Package: {finding.purl}" if finding.purl else "",
        f"Rule: {finding.rule_id}",
        f"Weakness: {', '.join(weaknesses)}" if weaknesses else "",
        f"Vulnerability: {', '.join(finding.vulnerabilities)}" if finding.vulnerabilities else "",
    ]


def _of_risk(statement: RiskStatement) -> tuple[str, list[str]]:
    shown = statement.told
    return f"{statement.key}: {shown.if_clause}", [
        f"System: {statement.system.name}",
        shown.sentence,
    ]

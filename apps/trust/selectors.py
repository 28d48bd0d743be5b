import re

from django.db.models import QuerySet

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.catalog.models import System
from apps.common.errors import Missing
from apps.trust.models import TrustRule
from apps.trust.proofs import Proof


def rules_of(viewer: Actor, system: System) -> QuerySet[TrustRule]:
    """For those who manage the system's tokens; nobody else reads them."""
    rows: QuerySet[TrustRule] = TrustRule.objects.visible_to(viewer, Permission.TOKEN_MANAGE)
    return rows.filter(system=system).select_related("created_by", "system")


def rule_get(viewer: Actor, system: System, pk: int) -> TrustRule:
    """Raises: Missing."""
    row = rules_of(viewer, system).filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such rule of this system.")
    return row


def rules_fitting(proof: Proof) -> list[TrustRule]:
    """The rules that a proof fits, whichever system they are of."""
    rows = TrustRule.objects.filter(
        issuer=proof.issuer, repository__iexact=proof.repository
    ).select_related("system")
    return [row for row in rows.order_by("pk") if fits(row, proof)] if proof.repository else []


def fits(rule: TrustRule, proof: Proof) -> bool:
    """Whether all that the rule asks for is so. What it leaves empty may be anything."""
    if rule.repository_id and rule.repository_id != proof.repository_id:
        return False
    if rule.environment and rule.environment != proof.environment:
        return False
    if rule.workflow and rule.workflow != proof.workflow:
        return False
    return not rule.ref or _matches(rule.ref, proof.ref)


def _matches(pattern: str, ref: str) -> bool:
    """* stands for anything; main means the branch of that name, as people write it."""
    pattern = pattern if pattern.startswith("refs/") else f"refs/heads/{pattern}"
    ref = ref if ref.startswith("refs/") or not ref else f"refs/heads/{ref}"
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), ref) is not None

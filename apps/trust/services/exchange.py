"""A proof for a token: checked, used once, and good for a quarter of an hour."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.services.tokens import MadeToken, token_create_for_job
from apps.audit.services import record
from apps.common.errors import Archived
from apps.trust.models import TrustRule, UsedProof
from apps.trust.proofs import LEEWAY, Proof, ProofRefused, read_proof
from apps.trust.selectors import rules_fitting

MINUTES = 15


def exchange(*, text: str, system: str = "") -> tuple[MadeToken, TrustRule]:
    """A short-lived upload token for whoever holds a job's proof.

    system: a system's key, where rules of several fit. Raises: ProofRefused, IssuerUnreachable, Archived.
    """
    proof = read_proof(text)
    rule = _rule(proof, system)
    with transaction.atomic():
        _use(proof)
        actor = portal_actor("trust")
        now = timezone.now()
        TrustRule.objects.filter(pk=rule.pk).update(
            last_used_at=now,
            last_subject=proof.subject,
            repository_id=rule.repository_id or proof.repository_id,
        )
        made = token_create_for_job(
            actor=actor,
            system_id=rule.system_id,
            name=f"{rule.name}: {proof.repository} {proof.ref}"[:120],
            lifetime=dt.timedelta(minutes=MINUTES),
            stages=rule.stages,
        )
        told = {"subject": proof.subject, "token": str(made.token)}
        record(actor=actor, action="trust.use", target=rule, system_id=rule.system_id, changes=told)
    return made, rule


def _rule(proof: Proof, system: str) -> TrustRule:
    """SECURITY: says what the proof says of itself, and nothing of rules that it does not fit."""
    fitting = [rule for rule in rules_fitting(proof) if system in {"", rule.system.key}]
    found = [rule for rule in fitting if not rule.system.is_archived]
    if fitting and not found:
        raise Archived
    if not found:
        said = f"repository {proof.repository or 'none'}, ref {proof.ref or 'none'}"
        if proof.environment:
            said += f", environment {proof.environment}"
        if proof.workflow:
            said += f", workflow {proof.workflow}"
        raise ProofRefused(
            f"No rule trusts this job ({said}). Whoever manages the system's tokens makes one on "
            "its page."
        )
    if len({rule.system_id for rule in found}) > 1:
        raise ProofRefused("Several systems trust this job. Say which one: `system` in the body.")
    return found[0]


def _use(proof: Proof) -> None:
    """Raises: ProofRefused for a replay. Forgotten when it has expired, since it is refused then."""
    now = timezone.now()
    UsedProof.objects.filter(expires_at__lt=now - dt.timedelta(seconds=2 * LEEWAY)).delete()
    _, is_new = UsedProof.objects.get_or_create(
        digest=proof.digest, defaults={"expires_at": proof.expires_at}
    )
    if not is_new:
        raise ProofRefused("It was used already. Each call needs a new one.")

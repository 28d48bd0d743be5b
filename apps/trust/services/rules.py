"""The only writers of trust rules."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import gone
from apps.audit.services import record
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.errors import Invalid
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make
from apps.trust.models import TrustRule


@transaction.atomic
def rule_create(
    *,
    actor: Actor,
    system: System,
    name: str,
    issuer: str,
    repository: str,
    ref: str = "",
    environment: str = "",
    workflow: str = "",
    stages: Sequence[str] = (),
) -> TrustRule:
    """Trust jobs of a repository with uploads to the system. Raises: Missing, NotPermitted, Invalid."""
    require(actor, Permission.TOKEN_MANAGE, system)
    problems = {}
    if issuer not in settings.SECOPS_OIDC_ISSUERS:
        known = ", ".join(settings.SECOPS_OIDC_ISSUERS) or "none"
        problems["issuer"] = f"The operator trusts: {known} (SECOPS_OIDC_ISSUERS)."
    if "/" not in repository.strip("/") or "*" in repository:
        problems["repository"] = "Write owner/name, without a pattern."
    if not name.strip():
        problems["name"] = "Name the rule, so that its use can be recognised."
    if unknown := sorted(set(stages) - set(Stage.values)):
        problems["stages"] = f"There is no stage {unknown[0]!r}."
    if problems:
        raise Invalid(problems)
    rule = TrustRule.objects.create(
        system=system,
        name=name.strip(),
        issuer=issuer,
        repository=repository.strip().strip("/"),
        ref=ref.strip(),
        environment=environment.strip(),
        workflow=workflow.strip(),
        stages=[stage for stage in Stage.values if stage in stages],
        created_by=actor.user,
    )
    told = {
        name: getattr(rule, name)
        for name in ("issuer", "repository", "ref", "environment", "workflow", "stages")
    }
    record(actor=actor, action="trust.create", target=rule, system_id=system.pk, changes=told)
    return rule


@transaction.atomic
def rule_delete(*, actor: Actor, rule: TrustRule) -> Removal:
    """No job gets a token by it any more; those that have one keep it for its few minutes.

    It can be put back.
    """
    require(actor, Permission.TOKEN_MANAGE, rule)
    record(
        actor=actor,
        action="trust.delete",
        target=rule,
        system_id=rule.system_id,
        changes=gone(rule),
    )
    return removal_make(actor=actor, kind=TRUST_RULE.name, row=rule, system_id=rule.system_id)


TRUST_RULE = Kind(
    name="trust_rule",
    label=_("Trust rule"),
    icon="shield-check",
    permission=Permission.TOKEN_MANAGE,
    taken="There is such a rule again.",
    page=lambda rule: reverse("system-trust", args=[rule.system.key]),
    note=_("Proofs that jobs showed meanwhile stay refused; their next run gets a token again."),
)

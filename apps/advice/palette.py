"""Pages and actions that one can go to from anywhere, by their name; and what can be done where one is."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import Resolver404, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.advice.asking import Subject, subject_on
from apps.catalog.models import System
from apps.planning.models import ItemStatus, PlanningItem
from apps.risks.models import RiskStatement
from apps.scans.models import Finding

SHOWN = 8
ASK = "question-ask"  # the page that a script opens as a dialog


@dataclass(frozen=True)
class Command:
    """words: what else people call it. needs: offered to those who may do so somewhere."""

    label: str | Promise
    page: str
    icon: str
    words: str | Promise = ""
    needs: Permission | None = None

    @property
    def url(self) -> str:
        return reverse(self.page)

    @property
    def asks(self) -> bool:
        return self.page == ASK

    def is_meant(self, text: str) -> bool:
        return _says(f"{self.label} {self.words}", text)


@dataclass(frozen=True)
class Offer:
    """An action on the thing whose page one is on."""

    label: str
    url: str
    icon: str
    asks: bool = False


def _says(words: str, text: str) -> bool:
    said = words.lower()
    return all(word in said for word in text.lower().split())


COMMANDS = (
    Command(_("New planning item"), "item-create", "plus", "", Permission.ITEM_EDIT),
    Command(
        _("Ask: a question"),
        ASK,
        "message-circle-question",
        _("security advice help"),
        Permission.GUIDANCE_DISCUSS,
    ),
    Command(
        _("Rapid risk assessment"),
        "rapid-choose",
        "scale",
        _("assess system threat"),
        Permission.STATEMENT_EDIT,
    ),
    Command(_("New risk statement"), "statement-create", "plus", "", Permission.STATEMENT_EDIT),
    Command(_("Add a control"), "control-create", "plus", "", Permission.STATEMENT_EDIT),
    Command(_("Write guidance"), "guidance-create", "plus", _("new"), Permission.GUIDANCE_EDIT),
    Command(_("Post a report"), "report-upload", "file-up", _("upload"), Permission.REPORT_UPLOAD),
    Command(_("Declare automation"), "automation-create", "plus", "", Permission.AUTOMATION_MANAGE),
    Command(
        _("Record an incident"), "incident-create", "plus", _("near miss"), Permission.EVIDENCE_LINK
    ),
    Command(
        _("Import from Backstage"), "backstage-import", "file-up", "", Permission.SYSTEM_MANAGE
    ),
    Command(_("Loop"), "home", "infinity", _("home stages")),
    Command(_("Planning"), "item-list", "scale", _("items decisions options")),
    Command(_("Guidance"), "guidance-list", "book-open", _("library advice")),
    Command(_("Portfolio"), "portfolio", "wallet", _("value register curve")),
    Command(_("Risks"), "risk-list", "list", _("register accepted acceptances mend first")),
    Command(_("Controls"), "control-list", "shield-check", _("mitigation")),
    Command(_("Peer review"), "review-wishes", "users", _("wish second person")),
    Command(_("Calibration"), "calibration", "target", _("estimates outcomes scores incidents")),
    Command(_("Systems"), "system-list", "box", ""),
    Command(_("Findings"), "finding-list", "bug", _("triage weaknesses")),
    Command(_("Questions"), "question-list", "message-circle-question", _("answers")),
    Command(_("Reports"), "report-list", "file-up", _("scans")),
    Command(_("Coverage"), "coverage", "radar", _("gaps silent")),
    Command(_("Automation"), "automation-list", "terminal", _("scripts experiments")),
    Command(_("Incidents"), "incident-list", "shield-alert", _("near misses losses register")),
    Command(_("Sources"), "source-list", "plug", _("pull connectors")),
    Command(_("Notices"), "notice-list", "bell", ""),
    Command(_("Settings"), "settings", "settings", _("preferences options configuration profile")),
    Command(_("Sign-in and sessions"), "settings-security", "lock", _("password passkey factor")),
    Command(_("API tokens"), "settings-tokens", "key-round", ""),
    Command(
        _("Language and time zone"),
        "settings-place",
        "globe",
        _("English Deutsch German clock settings"),
    ),
    Command(_("How to be told"), "settings-notices", "mail", _("notifications digest")),
    Command(
        _("Recently removed"), "removed-list", "undo-2", _("undo put back restore deleted trash")
    ),
    Command(_("Add a system"), "system-create", "plus", _("new"), Permission.SYSTEM_MANAGE),
    Command(
        _("Add a source"), "source-create", "plus", _("new connector"), Permission.SOURCE_MANAGE
    ),
    Command(
        _("Credentials"), "credential-list", "key-round", _("secrets"), Permission.SOURCE_MANAGE
    ),
    Command(
        _("Rules"), "rule-list", "list-filter", _("triage findings"), Permission.FINDING_TRIAGE
    ),
    Command(_("VEX documents"), "vex-list", "file-text", _("openvex not affected")),
    Command(_("Pressing ones"), "urgency", "clock", _("epss kev days urgency findings")),
    Command(_("What several tools see"), "group-list", "layers", _("groups weaknesses duplicates")),
    Command(
        _("Audit trail"), "audit-trail", "scroll-text", _("who did what"), Permission.AUDIT_VIEW
    ),
    Command(
        _("People and teams"), "person-list", "users", _("users roles"), Permission.PEOPLE_MANAGE
    ),
    Command(
        _("Sign-in providers"), "provider-list", "log-in", _("sso oidc"), Permission.PEOPLE_MANAGE
    ),
    Command(_("Webhooks"), "webhook-list", "send", _("slack teams"), Permission.WEBHOOK_MANAGE),
    Command(
        _("Issue trackers"),
        "tracker-list",
        "clipboard-list",
        _("jira github gitlab tickets"),
        Permission.TRACKER_MANAGE,
    ),
)


def commands_for(viewer: Actor, text: str) -> list[Command]:
    """Those that a text means and the viewer may use; the first few where nothing was typed."""
    return [
        each
        for each in COMMANDS
        if each.is_meant(text)
        and (each.needs is None or viewer.systems_with(each.needs) != frozenset())
    ][:SHOWN]


def offers_here(viewer: Actor, at: str, text: str) -> list[Offer]:
    """What the viewer may do on the page with the path `at`, as far as a text means it."""
    try:
        page = resolve(at)
    except Resolver404:
        return []
    subject = subject_on(viewer, page)
    if subject is None:
        return []
    offers_on = _HERE.get(page.url_name or "")
    offers = offers_on(viewer, subject.thing) if offers_on else []
    return [each for each in [*_ask_about(viewer, subject), *offers] if _says(each.label, text)]


def _ask_about(viewer: Actor, subject: Subject) -> list[Offer]:
    if not subject.may_be_asked_about(viewer):
        return []
    label = gettext("Ask: a question about %(thing)s") % {"thing": subject.key or subject.title}
    url = f"{reverse(ASK)}?{urlencode({'at': subject.path})}"
    return [Offer(label, url, "message-circle-question", asks=True)]


def _on_item(viewer: Actor, item: PlanningItem) -> list[Offer]:
    page, key = reverse("item-detail", args=[item.pk]), {"key": item.key}
    risk = f"{reverse('statement-create')}?item={item.pk}"
    decide = () if item.status == ItemStatus.DECIDED else (Permission.DECISION_RECORD,)
    ways = {
        Permission.ITEM_EDIT: (
            gettext("Add an option to %(key)s"),
            reverse("option-create", args=[item.pk]),
        ),
        Permission.STATEMENT_EDIT: (gettext("Add a risk to %(key)s"), risk),
        **{each: (gettext("Record a decision on %(key)s"), f"{page}#decide") for each in decide},
    }
    return [
        Offer(label % key, url, "arrow-right")
        for permission, (label, url) in ways.items()
        if may(viewer, permission, item)
    ]


def _on_system(viewer: Actor, system: System) -> list[Offer]:
    if not may(viewer, Permission.STATEMENT_EDIT, system):
        return []
    label = gettext("Rapid risk assessment of %(system)s") % {"system": system.name}
    return [Offer(label, reverse("rapid-assessment", args=[system.key]), "scale")]


def _on_statement(viewer: Actor, statement: RiskStatement) -> list[Offer]:
    pk, key = statement.pk, {"key": statement.key}
    page = reverse("statement-detail", args=[pk])
    ways = {
        Permission.STATEMENT_EDIT: (gettext("Edit %(key)s"), reverse("statement-edit", args=[pk])),
        Permission.EVIDENCE_LINK: (
            gettext("Say what is evidence for %(key)s"),
            reverse("evidence-rules", args=[pk]),
        ),
        Permission.OPINION_GIVE: (gettext("Give an estimate of %(key)s"), f"{page}#opinions"),
    }
    return [
        Offer(label % key, url, "arrow-right")
        for permission, (label, url) in ways.items()
        if may(viewer, permission, statement)
    ]


def _on_finding(viewer: Actor, finding: Finding) -> list[Offer]:
    if not may(viewer, Permission.FINDING_TRIAGE, finding):
        return []
    page = reverse("finding-detail", args=[finding.pk])
    return [Offer(gettext("Say what this finding is"), f"{page}#triage", "arrow-right")]


_HERE: dict[str, Callable[..., list[Offer]]] = {
    "statement-detail": _on_statement,
    "finding-detail": _on_finding,
    "item-detail": _on_item,
    "system-detail": _on_system,
}

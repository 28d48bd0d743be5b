"""Pages and actions that one can go to from anywhere, by their name."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission

SHOWN = 8


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

    def is_meant(self, text: str) -> bool:
        said = f"{self.label} {self.words}".lower()
        return all(word in said for word in text.lower().split())


COMMANDS = (
    Command(_("New planning item"), "item-create", "plus", _("ask question"), Permission.ITEM_EDIT),
    Command(_("New risk statement"), "statement-create", "plus", "", Permission.STATEMENT_EDIT),
    Command(_("Add a control"), "control-create", "plus", "", Permission.STATEMENT_EDIT),
    Command(_("Write guidance"), "guidance-create", "plus", _("new"), Permission.GUIDANCE_EDIT),
    Command(_("Post a report"), "report-upload", "file-up", _("upload"), Permission.REPORT_UPLOAD),
    Command(_("Declare automation"), "automation-create", "plus", "", Permission.AUTOMATION_MANAGE),
    Command(
        _("Import from Backstage"), "backstage-import", "file-up", "", Permission.SYSTEM_MANAGE
    ),
    Command(_("Loop"), "home", "infinity", _("home stages")),
    Command(_("Planning"), "item-list", "scale", _("items decisions options")),
    Command(_("Guidance"), "guidance-list", "book-open", _("library advice")),
    Command(_("Portfolio"), "portfolio", "wallet", _("value register curve")),
    Command(_("Controls"), "control-list", "shield-check", _("mitigation")),
    Command(_("Peer review"), "review-wishes", "users", _("wish second person")),
    Command(_("Calibration"), "calibration", "target", _("estimates outcomes scores incidents")),
    Command(_("Systems"), "system-list", "box", ""),
    Command(_("Findings"), "finding-list", "bug", _("triage weaknesses")),
    Command(_("Reports"), "report-list", "file-up", _("scans")),
    Command(_("Coverage"), "coverage", "radar", _("gaps silent")),
    Command(_("Automation"), "automation-list", "terminal", _("scripts experiments")),
    Command(_("Sources"), "source-list", "plug", _("pull connectors")),
    Command(_("Notices"), "notice-list", "bell", ""),
    Command(_("Sign-in and sessions"), "settings-security", "lock", _("password passkey factor")),
    Command(_("API tokens"), "settings-tokens", "key-round", ""),
    Command(
        _("Language and time zone"),
        "settings-place",
        "globe",
        _("English Deutsch German clock settings"),
    ),
    Command(_("How to be told"), "settings-notices", "mail", _("notifications digest")),
)


def commands_for(viewer: Actor, text: str) -> list[Command]:
    """Those that a text means and the viewer may use; the first few where nothing was typed."""
    return [
        each
        for each in COMMANDS
        if each.is_meant(text)
        and (each.needs is None or viewer.systems_with(each.needs) != frozenset())
    ][:SHOWN]

"""What the settings page says of what is set outside the pages: by the operator, and for programs."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from apps.accounts.actors import Actor
from apps.common.setting_lines import Facts, Group, Line, Stand, some


def lines(viewer: Actor) -> Iterable[Line]:
    yield Line(
        Group.OUTSIDE,
        _("API"),
        _("Everything that pages do, for programs: each operation with an example."),
        "code",
        reverse("api-docs"),
        lambda _facts: Stand(""),
        words=_("rest openapi reference documentation"),
    )
    if viewer.user is not None and viewer.user.is_staff:
        yield Line(
            Group.RECORDS,
            _("Administration"),
            _("The tables behind it, for what has no page of its own."),
            "settings",
            reverse("admin:index"),
            lambda _facts: Stand(""),
            words=_("django admin site"),
        )
    if viewer.manages_people:
        yield from _operators()


def _operators() -> Iterable[Line]:
    yield _fixed(
        _("Who needs a second factor"),
        _("Of whom it is asked, and for how many days one may sign in without."),
        "shield-check",
        "SECOPS_SECOND_FACTOR",
        _second_factor,
    )
    yield _fixed(
        _("Key for secrets"),
        _("It seals what has to be read again: credentials, signing keys, secrets of apps."),
        "lock",
        "SECOPS_CREDENTIAL_KEYS",
        lambda: (
            Stand(_("Set"), "good")
            if settings.SECOPS_CREDENTIAL_KEYS
            else Stand(_("Missing: no secret can be kept"), "bad")
        ),
    )
    yield _fixed(
        _("Mail"),
        _("By which server notices go out, and from which address."),
        "mail",
        "SECOPS_SMTP_URL",
        lambda: (
            Stand(settings.DEFAULT_FROM_EMAIL, "good")
            if settings.SECOPS_MAIL_ON
            else Stand(_("No mail goes out"), "warn")
        ),
    )
    yield _fixed(
        _("Outgoing requests"),
        _("To which hosts sources, webhooks and trackers may go at all."),
        "network",
        "SECOPS_OUTGOING_HOSTS",
        lambda: Stand(
            some(
                len(settings.SECOPS_OUTGOING_HOSTS),
                ngettext(
                    "%(n)d host and none else",
                    "%(n)d hosts and none else",
                    len(settings.SECOPS_OUTGOING_HOSTS),
                ),
            )
            or _("Any public host")
        ),
    )
    yield _fixed(
        _("Trusted code hosts"),
        _("Whose signatures on jobs a rule may trust."),
        "folder-git-2",
        "SECOPS_OIDC_ISSUERS",
        lambda: Stand(
            some(
                len(settings.SECOPS_OIDC_ISSUERS),
                ngettext("%(n)d issuer", "%(n)d issuers", len(settings.SECOPS_OIDC_ISSUERS)),
            )
            or _("None")
        ),
    )
    yield _fixed(
        _("Language, clock and money of the organisation"),
        _("For whom has chosen nothing and is told nothing by a browser, such as in mails."),
        "globe",
        "SECOPS_LANGUAGE",
        lambda: Stand(
            f"{get_language_info(settings.SECOPS_LANGUAGE)['name_local']}, "
            f"{settings.SECOPS_TIME_ZONE}, {settings.SECOPS_CURRENCY}"
        ),
    )


def _fixed(label: str, about: str, icon: str, variable: str, stand: Callable[[], Stand]) -> Line:
    def told(_facts: Facts) -> Stand:
        return stand()

    return Line(Group.OPERATOR, label, about, icon, "", told, variable=variable)


def _second_factor() -> Stand:
    days = settings.SECOPS_SECOND_FACTOR_DAYS
    patience = some(days, ngettext("%(n)d day of patience", "%(n)d days of patience", days))
    whom = {
        "everyone": _("Asked of everyone"),
        "privileged": _("Asked of security, admins and staff"),
    }.get(settings.SECOPS_SECOND_FACTOR)
    if whom is None:
        return Stand(_("Asked of nobody"), "warn")
    return Stand(f"{whom}, {patience}" if patience else whom, "good")

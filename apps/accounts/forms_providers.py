"""The form of a sign-in provider."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ROLE_CHOICES, SecondStep
from apps.common.forms import VersionedForm


class ProviderForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("As people know it; it stands on the button.")
    )
    key = forms.CharField(label=_("Short name"), max_length=40)
    issuer = forms.CharField(
        label=_("Issuer"),
        max_length=300,
        help_text=_("https://login.example.org, letter by letter as the provider writes it."),
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=300)
    secret = forms.CharField(
        label=_("Client secret"),
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Kept sealed and never shown."),
    )
    domains = forms.CharField(
        label=_("Domains of e-mail addresses"),
        max_length=4000,
        help_text=_("Whose addresses come in: example.org, example.net. Not their subdomains."),
    )
    makes_people = forms.ChoiceField(
        label=_("Who is not known here yet"),
        choices=[("", _("stays out")), ("1", _("gets an account at the first sign-in"))],
        required=False,
    )
    default_role = forms.ChoiceField(
        label=_("Role of new accounts"),
        choices=[("", _("None: only what systems and teams give")), *ROLE_CHOICES],
        required=False,
    )
    second_step = forms.ChoiceField(
        label=_("Who asks for the second factor"), choices=SecondStep.choices
    )
    acr_values = forms.CharField(
        label=_("Classes of authentication"),
        max_length=300,
        required=False,
        help_text=_("Asked for as acr_values; one of them counts as a second factor."),
    )
    groups_claim = forms.CharField(
        label=_("Claim with the groups"),
        max_length=120,
        required=False,
        help_text=_("groups, or a path such as realm_access.roles."),
    )
    extra_scopes = forms.CharField(
        label=_("Scopes to ask for besides"),
        max_length=200,
        required=False,
        help_text=_("Some give groups only for the scope groups."),
    )
    group_roles = forms.CharField(
        label=_("Roles by group"),
        max_length=60_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_(
            "One a line: sec-team = security. The highest counts, at each sign-in; who is in none "
            "has the role of new accounts. Empty: roles are given here."
        ),
    )
    vouches_for_email = forms.BooleanField(
        label=_("It does not say whether addresses are verified, and we vouch for them"),
        required=False,
        help_text=_("For Microsoft Entra ID, where only your own administrators set addresses."),
    )
    is_only_way = forms.BooleanField(
        label=_("People of these domains have no other way in"),
        required=False,
        help_text=_("Their passwords and passkeys open nothing here any more. Staff keep theirs."),
    )
    takes_plain_logouts = forms.BooleanField(
        label=_("Its logout tokens do not say what they are, and we take them"),
        required=False,
        help_text=_(
            "Only if signing out there fails here with a reason that names the type: some providers "
            "write JWT, or nothing, instead of logout+jwt."
        ),
    )

    def __init__(self, *args: Any, back: str, **kwargs: Any) -> None:
        """back: the address that the provider sends people to, with KEY for the short name."""
        super().__init__(*args, **kwargs)
        self.fields["key"].help_text = _("Part of the redirect address: %(back)s") % {"back": back}

    def clean_makes_people(self) -> bool:
        return bool(self.cleaned_data["makes_people"])

    def clean_domains(self) -> list[str]:
        return self.cleaned_data["domains"].replace(",", " ").split()  # type: ignore[no-any-return]

    def clean_group_roles(self) -> dict[str, str]:
        rules: dict[str, str] = {}
        for line in self.cleaned_data["group_roles"].splitlines():
            group, _sep, role = line.rpartition("=")
            if line.strip():
                rules[group.strip()] = role.strip().lower()
        return rules


class ProviderEditForm(VersionedForm, ProviderForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].disabled = True
        self.fields["secret"].required = False
        self.fields["secret"].help_text = _("Empty keeps the one there is, for the same issuer.")

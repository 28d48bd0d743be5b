"""People and teams of the organisation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ROLE_CHOICES, Team, User
from apps.common.forms import KeyOfName, VersionedForm, with_any


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, help_text=_("It is what this person signs in with.")
    )
    role = forms.ChoiceField(
        label=_("Role in the whole organisation"),
        choices=with_any(ROLE_CHOICES, _("None: only what single systems give")),
        required=False,
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"),
        queryset=Team.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class PersonEditForm(PersonForm, VersionedForm):
    is_active = forms.BooleanField(
        label=_("May sign in"),
        required=False,
        help_text=_("Without it, sessions end and tokens stop working; what was written stays."),
    )

    @classmethod
    def of(cls, user: User, data: Any = None) -> "PersonEditForm":
        return cls(
            data,
            initial={
                "name": user.name,
                "email": user.email,
                "role": user.role,
                "teams": list(user.teams.all()),
                "is_active": user.is_active,
                "version": user.version,
            },
        )


class TeamForm(KeyOfName):
    name = forms.CharField(label=_("Name"), max_length=120)
    key = forms.SlugField(
        label=_("Key"),
        max_length=60,
        required=False,
        help_text=_("Short, for the API and lists of owners. Empty: made of the name."),
    )


class TeamEditForm(TeamForm, VersionedForm):
    pass

"""Making tokens."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import Scope
from apps.accounts.services.tokens import MAX_DAYS


class SystemTokenForm(forms.Form):
    """A pipeline's token."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_(
            "Where it will be used, so that its use can be recognised: the pipeline's name."
        ),
    )
    days = forms.IntegerField(
        label=_("Days it lives"), min_value=1, max_value=MAX_DAYS, initial=MAX_DAYS
    )


class OwnTokenForm(SystemTokenForm):
    """A person's own token."""

    scope = forms.ChoiceField(
        label=_("It may"),
        choices=[
            (Scope.READ.value, _("read what you may read")),
            (Scope.WRITE.value, _("do what you may do, but not manage people and tokens")),
        ],
        initial=Scope.READ.value,
        widget=forms.RadioSelect,
    )
    field_order = ["name", "scope", "days"]

    def __init__(self, *args: object, manages_people: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if manages_people:
            more = (
                Scope.PEOPLE.value,
                _("manage people and teams, but not admins, and nothing else"),
            )
            self.fields["scope"].choices = [*self.fields["scope"].choices, more]  # type: ignore[attr-defined]
        self.fields["days"].initial = 30
        self.fields["name"].help_text = _("What will use it: a script, a notebook.")

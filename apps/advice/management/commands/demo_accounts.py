from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Q

from apps.accounts.models import Membership, User
from apps.advice.demo.organisation import PASSWORD


class Command(BaseCommand):
    help = "Prints the demo's accounts that still have the demo's password: e-mail, password, who it is."

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(is_active=True, email__endswith="@example.org").order_by("pk")
        shown = [person for person in people if person.check_password(PASSWORD)]
        # The widest view first: whoever tries the portal with the first account sees all of it.
        shown.sort(key=lambda person: ["security", "admin", "viewer", ""].index(person.role))
        for person in shown:
            self.stdout.write(f"{person.email}  {PASSWORD}  {person.name}, {_role(person)}")


def _role(person: User) -> str:
    """The role in the organisation, and those on single systems that say more."""
    held = Membership.objects.filter(Q(user=person) | Q(team__people=person)).select_related(
        "system"
    )
    single = [f"{each.get_role_display()} of {each.system.name}" for each in held]
    if person.role in {"security", "admin"}:
        return person.get_role_display()
    return "; ".join(single) or person.get_role_display()

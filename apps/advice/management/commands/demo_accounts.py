from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.models import User
from apps.advice.demo.organisation import PASSWORD


class Command(BaseCommand):
    help = "Prints the demo's accounts that still have the demo's password: e-mail, password, who it is."

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.filter(is_active=True, email__endswith="@example.org").order_by("pk")
        shown = [person for person in people if person.check_password(PASSWORD)]
        # The widest view first: whoever tries the portal with the first account sees all of it.
        shown.sort(key=lambda person: ["security", "admin", "viewer", ""].index(person.role))
        for person in shown:
            role = person.get_role_display() or "one system only"
            self.stdout.write(f"{person.email}  {PASSWORD}  {person.name}, {role}")

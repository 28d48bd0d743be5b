"""Human keys in paths: PI-7 is the planning item 7."""

from django.urls import register_converter


class _Key:
    prefix = ""
    regex = ""

    def to_python(self, value: str) -> int:
        return int(value.removeprefix(self.prefix))

    def to_url(self, value: int) -> str:
        return f"{self.prefix}{value}"


# 18 digits always fit PostgreSQL's bigint.
class Number(_Key):
    regex = "[0-9]{1,18}"


class ItemKey(_Key):
    prefix = "PI-"
    regex = "PI-[0-9]{1,18}"


class StatementKey(_Key):
    prefix = "RS-"
    regex = "RS-[0-9]{1,18}"


class GuidanceKey(_Key):
    prefix = "G-"
    regex = "G-[0-9]{1,18}"


class AutomationKey(_Key):
    prefix = "AU-"
    regex = "AU-[0-9]{1,18}"


class ControlKey(_Key):
    prefix = "C-"
    regex = "C-[0-9]{1,18}"


class IncidentKey(_Key):
    prefix = "IN-"
    regex = "IN-[0-9]{1,18}"


def register() -> None:
    """Called by the URL conf before any path is made."""
    register_converter(Number, "number")
    register_converter(ItemKey, "item_key")
    register_converter(StatementKey, "statement_key")
    register_converter(GuidanceKey, "guidance_key")
    register_converter(AutomationKey, "automation_key")
    register_converter(ControlKey, "control_key")
    register_converter(IncidentKey, "incident_key")

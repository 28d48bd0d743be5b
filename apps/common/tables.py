"""Tables for other programs: CSV whose cells are text, never a formula."""

from typing import Any

# What a spreadsheet may take for the beginning of a formula (OWASP, "CSV Injection").
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> Any:
    """A value for a CSV cell.

    SECURITY: text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers.
    """
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(DANGEROUS):
        return f"'{value}"
    return value


class Echo:
    """A file for csv.writer that hands back what it is given, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text

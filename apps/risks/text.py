"""What a statement says, line by line, for comparing two texts of it."""

from apps.risks.models import StatementText
from apps.risks.quant.entry import say_frequency
from apps.risks.services.statements import StatementInput


def statement_lines(text: StatementText | StatementInput) -> str:
    """All content of a statement, a revision or what was typed; a line each, as on its page."""
    often = (say_frequency(float(text.frequency_low)), say_frequency(float(text.frequency_high)))
    lines = [
        text.condition,
        text.consequence,
        " to ".join(often),
        f"{text.magnitude_low:,.2f} to {text.magnitude_high:,.2f}",
        ", ".join(sorted(text.attributes)),
        ", ".join(f"CWE-{cwe}" for cwe in text.cwes),
        *(text.threat_community, text.asset, text.effect),
        *text.rationale.splitlines(),
    ]
    return "\n".join(line for line in lines if line)

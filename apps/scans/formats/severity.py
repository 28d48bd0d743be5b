"""The tools' words and numbers for "how bad", as one scale."""

from apps.scans.formats.types import Severity

NONE, LOW, MEDIUM, HIGH, CRITICAL = Severity

# Words seen in real reports, upper case. A word that means "not rated" is NONE: the tool's own word
# is kept beside it (severity_source), and a CVSS score is preferred where there is one.
_WORDS = {
    "CRITICAL": CRITICAL,
    "VERY HIGH": CRITICAL,
    "VERY-HIGH": CRITICAL,
    "VERY_HIGH": CRITICAL,
    "BLOCKER": CRITICAL,
    "EMERGENCY": CRITICAL,
    "ALERT": CRITICAL,
    "FATAL": CRITICAL,
    "SEVERE": CRITICAL,
    "DISASTER": CRITICAL,
    "PAGE": CRITICAL,
    "HIGH": HIGH,
    "IMPORTANT": HIGH,
    "ERROR": HIGH,
    "DANGER": HIGH,
    "SERIOUS": HIGH,
    "ELEVATED": MEDIUM,
    "MEDIUM": MEDIUM,
    "MODERATE": MEDIUM,
    "WARNING": MEDIUM,
    "WARN": MEDIUM,
    "AVERAGE": MEDIUM,
    "TBD": MEDIUM,
    "MAJOR": MEDIUM,
    "LOW": LOW,
    "MINOR": LOW,
    "NOTE": LOW,
    "NOTICE": LOW,
    "STYLE": NONE,
    "HINT": NONE,
    "NEGLIGIBLE": NONE,
    "INFO": NONE,
    "INFORMATION": NONE,
    "INFORMATIONAL": NONE,
    "INFORMATIVE": NONE,
    "RECOMMENDATION": NONE,
    "LOG": NONE,
    "DEBUG": NONE,
    "NONE": NONE,
    "OK": NONE,
    "UNKNOWN": NONE,
    "UNDEFINED": NONE,
    "UNTRIAGED": NONE,
    "": NONE,
}


def from_word(word: str | None, default: Severity = MEDIUM) -> Severity:
    """The severity of a tool's word; `default` for a word never seen (somebody chose to say
    something)."""
    return _WORDS.get((word or "").strip().upper(), default)


def is_word(word: str | None) -> bool:
    """Whether the word is known and rates something."""
    text = (word or "").strip().upper()
    return text in _WORDS and text not in {"", "UNKNOWN", "UNDEFINED", "UNTRIAGED"}


def from_score(score: float | None) -> Severity:
    """CVSS v3 and v4's qualitative scale. Source: CVSS v3.1 specification, section 5."""
    if score is None or not score > 0:
        return NONE
    if score < 4:
        return LOW
    if score < 7:
        return MEDIUM
    return HIGH if score < 9 else CRITICAL

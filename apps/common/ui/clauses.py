"""A risk statement in words: "If you ..., then ...", whoever typed the opening words and whoever did not."""

from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from apps.common.ui.tongues import tongue_of


@dataclass(frozen=True)
class Clauses:
    """The two halves without their opening words and closing marks; `language` is what they are written in."""

    opening: str  # "If you", or "If" of a condition that is about nobody
    condition: str
    then: str
    consequence: str
    language: str

    @property
    def if_clause(self) -> str:
        """What a list calls the statement: "If you ...", on one line and without a closing mark."""
        return " ".join(f"{self.opening} {self.condition}".split())

    @property
    def then_clause(self) -> str:
        """What stands below that in a list: "then ...", on one line."""
        return " ".join(f"{self.then} {self.consequence}.".split())

    @property
    def sentence(self) -> str:
        """The whole of it on one line."""
        return f"{self.if_clause}, {self.then_clause}"


def clauses(condition: str, consequence: str) -> Clauses:
    """Take both halves apart. A condition that is about nobody ("If a script holds ...") keeps its own
    opening. The opening words are in the language that the statement is written in, whoever reads it.
    """
    language = tongue_of(f"{condition} {consequence}")
    with translation.override(language):
        nobody, you, then = _("If"), _("If you"), _("then")
    has_no_you = _opens(condition, nobody) and not _opens(condition, you)
    opening = nobody if has_no_you else you
    return Clauses(opening, _rest(condition, opening), then, _rest(consequence, then), language)


def _opens(text: str, opening: str) -> bool:
    """Whether a text begins with these words, whole ones."""
    return f"{text.strip().lower()} ".startswith(f"{opening.lower()} ")


def _rest(text: str, opening: str) -> str:
    clause = text.strip().rstrip(".,;")
    return clause[len(opening) :].lstrip() if _opens(clause, opening) else clause

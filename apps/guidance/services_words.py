"""Writing the words that mean the same."""

from collections.abc import Sequence

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.alike import MOST_WORDS
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Invalid
from apps.guidance.models import OwnVocabulary
from apps.guidance.vocabulary import terms_on

MOST_LINES = 500


@transaction.atomic
def own_words_set(*, actor: Actor, version: int | None, lines: Sequence[str]) -> OwnVocabulary:
    """The organisation's own lines, all of them, each with terms between commas.

    Raises: NotPermitted, EditConflict, Invalid for a line of fewer than two terms and a term of too many words.
    """
    require(actor, Permission.GUIDANCE_EDIT)
    OwnVocabulary.objects.get_or_create(pk=1)
    row = lock_for_edit(OwnVocabulary, 1, version)
    kept = [", ".join(terms_on(line)) for line in lines]
    if alone := [line for line in kept if "," not in line]:
        raise Invalid(
            {
                "lines": f"A line needs two terms, with a comma between them; this one has one: {alone[0]}."
            }
        )
    if long := [term for line in kept for term in terms_on(line) if len(term.split()) > MOST_WORDS]:
        raise Invalid(
            {"lines": f"A term has at most {MOST_WORDS} words, and this one more: {long[0]}."}
        )
    if len(kept) > MOST_LINES:
        raise Invalid({"lines": f"At most {MOST_LINES} lines."})
    changes = changed_fields(row, {"lines": kept})
    row.save()
    record(actor=actor, action="vocabulary.set", target=row, changes=changes)
    return row

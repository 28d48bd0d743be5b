"""In which language somebody wrote: what stands around a text should be in the same one.

"If you ..., then ..." is half the portal's and half the writer's; a German page must not say "Wenn Sie keep
uploads in a bucket".
"""

import re

from django.conf import settings
from django.utils import translation

# The commonest words that the other languages do not have.
_COMMON = {
    "en": "the a an of to and is are that with for from by on we you it its not anyone who what",
    "de": "der die das den dem des ein eine einen und ist sind dass mit für von auf wir sie es nicht"
    " wer was",
}
_KNOWN = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_WORD = re.compile(r"[^\W\d_]+")


def tongue_of(text: str) -> str:
    """The language with most of its common words in a text; the reader's where that is a draw."""
    said = _WORD.findall(text.lower())
    counted = {
        language: sum(word in words for word in said)
        for language, words in _KNOWN.items()
        if language in dict(settings.LANGUAGES)
    }
    reader = translation.get_language() or settings.LANGUAGE_CODE
    return max(counted, key=lambda language: (counted[language], language == reader))

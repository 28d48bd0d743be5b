"""What German has for the words and marks of amounts and frequencies, put as apps.common.entry.reading reads
them.

The rule for marks: a comma is the decimal mark and dots group, as DIN 1333 has it, so "1.500" is fifteen
hundred and "1,500" one and a half. Both can be meant the other way round by somebody used to English;
`shown_back` says how they are read. Source of the words: Duden.
"""

from __future__ import annotations

import re

from apps.common.entry.errors import EntryError

NARROW = "\u202f"  # groups digits where a dot could be taken for a decimal mark
# One mark with three digits after it, and nothing else that tells whether it groups. "20.000" is clear:
# nobody writes three decimals that are nothing.
_EITHER = re.compile(
    r"(?<![\d.,'])(?<!\d[ \u00a0\u202f])([1-9]\d{0,2})(?:\.(?!000(?!\d))(\d{3})|,(\d{3}))(?![\d.,']|[ \u00a0\u202f]\d)"
)
_SCALES = {
    "tsd": "k",
    "tausend": "k",
    "mio": "M",
    "million": "M",
    "millionen": "M",
    "mrd": "bn",
    "milliarde": "bn",
    "milliarden": "bn",
    "euro": "EUR",
    "franken": "CHF",
}
_TWO_MEANINGS = {"billion", "billions", "billionen", "trillion", "trillionen"}
_WORD = re.compile(r"[A-Za-zÄÖÜäöüß]+\.?")
_COUNTS = {
    "ein": "one",
    "eine": "one",
    "einem": "one",
    "einen": "one",
    "einer": "one",
    "zwei": "two",
    "drei": "three",
    "vier": "four",
    "fünf": "five",
    "sechs": "six",
    "sieben": "seven",
    "acht": "eight",
    "neun": "nine",
    "zehn": "ten",
    "elf": "eleven",
    "zwölf": "twelve",
}
_FREQUENCIES = {
    "einmal": "once",
    "zweimal": "twice",
    "dreimal": "thrice",
    "mal": "times",
    "ereignis": "event",
    "ereignisse": "events",
    "vorfall": "incident",
    "vorfälle": "incidents",
    "pro": "per",
    "je": "per",
    "im": "per",
    "am": "per",
    "alle": "every",
    "jedes": "every",
    "jeden": "every",
    "jede": "every",
    "jahr": "year",
    "jahre": "years",
    "jahren": "years",
    "quartal": "quarter",
    "quartale": "quarters",
    "quartalen": "quarters",
    "vierteljahr": "quarter",
    "monat": "month",
    "monate": "months",
    "monaten": "months",
    "woche": "week",
    "wochen": "weeks",
    "tag": "day",
    "tage": "days",
    "tagen": "days",
    "stunde": "hour",
    "stunden": "hours",
    "jahrzehnt": "decade",
    "jahrhundert": "century",
    "jährlich": "yearly",
    "vierteljährlich": "quarterly",
    "monatlich": "monthly",
    "wöchentlich": "weekly",
    "täglich": "daily",
    "stündlich": "hourly",
}
_IN_THE = re.compile(r"\b(?:in der|in einem|in einer) (?=[a-z])")
_TIMES = re.compile(r"(\d) ?-? ?mal\b")


def money_in_english(text: str, field: str) -> str:
    """ "1,5 Mio. Euro" as "1,5 M EUR"; the digits stay as they are.

    Raises EntryError where a word has another size in each language.
    """

    def word(match: re.Match[str]) -> str:
        said = match.group().rstrip(".").lower()
        if said in _TWO_MEANINGS:
            raise EntryError(
                field,
                "names a size that English and German count differently; write Mrd. or digits",
            )
        return _SCALES.get(said, match.group().rstrip("."))

    return _WORD.sub(word, text)


def frequency_in_english(text: str) -> str:
    """ "zweimal im Monat" as "twice per month"; what is English already stays."""
    tidy = _TIMES.sub(r"\1 times", text.lower())
    tidy = _IN_THE.sub("per ", tidy)
    words = _COUNTS | _FREQUENCIES
    return _WORD.sub(lambda found: words.get(found.group().rstrip("."), found.group()), tidy)


def shown_back(text: str) -> str | None:
    """The text with its number as it is read, where it could be read in two ways; else None.

    "1.500 EUR" becomes "1 500 EUR" (with a narrow space), "1,500" becomes "1,5".
    """
    found = _EITHER.search(text)
    return None if found is None else _EITHER.sub(_plainly, text)


def _plainly(match: re.Match[str]) -> str:
    whole, grouped, decimals = match.groups()
    if grouped is not None:
        return f"{whole}{NARROW}{grouped}"
    rest = decimals.rstrip("0")
    if len(rest) == 3:  # "1,125" would be asked about again
        rest += "0"
    return f"{whole},{rest}" if rest else whole

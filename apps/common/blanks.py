"""Blanks in sentences that guidance leaves for whoever uses it: "text with {input}"."""

import re

# One word or some, in braces that are not part of something else, such as ${VAR} or {{ value }}.
BLANK = re.compile(r"(?<![{$\\])\{[A-Za-z][\w -]{0,40}\}(?!\})")


def blanks(text: str) -> list[str]:
    """The blanks that are still to be filled in, each once, in their order."""
    return list(dict.fromkeys(BLANK.findall(text)))

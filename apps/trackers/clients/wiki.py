"""Jira's wiki markup as Markdown: what people use in descriptions; what is unknown stays as it is typed.

Source: "Text Formatting Notation Help" of Jira. The result is as untrusted as what came in.
"""

import re

_CODE = re.compile(r"\{(code|noformat)(?::([^}\n]{0,80}))?\}(.*?)\{\1\}", re.DOTALL)
_QUOTE = re.compile(r"\{quote\}(.*?)\{quote\}", re.DOTALL)
_DECORATION = re.compile(r"\{(?:color|panel)(?::[^}\n]{0,200})?\}")
_HEADING = re.compile(r"^h([1-6])\.[ \t]+", re.MULTILINE)
_LIST = re.compile(r"^([*#-]{1,6})[ \t]+", re.MULTILINE)
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,500}?)(?<=\S)\*(?![\w*])")
_MONO = re.compile(r"\{\{([^}\n]{1,500})\}\}")
_LINK = re.compile(r"\[(?:([^|\]\n]{1,300})\|)?(https?://[^|\]\s]{1,1000})(?:\|[^\]\n]{0,100})?\]")
_IMAGE = re.compile(r"(?<![\w!])!([\w.-][^!|\n]{0,200})(?:\|[^!\n]{0,200})?!(?![\w!])")
_BLOCK_QUOTE = re.compile(r"^bq\.[ \t]+", re.MULTILINE)


def markdown_of(wiki: str) -> str:
    """Headings, lists, emphasis, links, quotations and code; other markup stays."""
    wiki = wiki.replace("\r\n", "\n")
    parts, at = list[str](), 0
    for found in _CODE.finditer(wiki):
        parts += [_prose(wiki[at : found.start()]), _block(found[3])]
        at = found.end()
    return "".join([*parts, _prose(wiki[at:])])


def _block(code: str) -> str:
    return "\n```\n" + code.strip("\n").replace("```", "'''") + "\n```\n"


def _prose(text: str) -> str:
    text = _QUOTE.sub(lambda found: _quoted(found[1]), _DECORATION.sub("", text))
    text = _LIST.sub(_item, text)  # before headings, whose Markdown begins as a list of Jira does
    text = _HEADING.sub(lambda found: "#" * int(found[1]) + " ", text)
    text = _BOLD.sub(r"**\1**", _BLOCK_QUOTE.sub("> ", text))
    text = _MONO.sub(r"`\1`", _IMAGE.sub(r"\1", text))
    return _LINK.sub(
        lambda found: f"[{found[1]}]({found[2]})" if found[1] else f"<{found[2]}>", text
    )


def _quoted(text: str) -> str:
    return "\n" + "\n".join(f"> {line}" for line in text.strip().splitlines()) + "\n"


def _item(found: re.Match[str]) -> str:
    marks = found[1]
    if marks.startswith("--"):  # a dash, or a rule
        return found[0]
    return "   " * (len(marks) - 1) + ("1. " if marks.endswith("#") else "- ")

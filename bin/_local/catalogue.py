"""Texts of the code and of templates as gettext catalogues, without the gettext programs.

Django's own commands need GNU gettext, which a machine with only Python does not have. Babel reads the
code and writes the files; Django turns its templates into something that can be read. Runs in the
virtual environment: bin/messages.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from .paths import TOP

LOCALE = TOP / "locale"
# What stands in code for a text: the name, and which arguments are texts (gettext's keywords).
KEYWORDS = {
    "_": None,
    "lazy": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sdr]\b|%%|\{\w*\}")


# Parts of paths whose sentences no reader of a page sees: files for machines, the operator's terminal.
UNSAID = frozenset(
    [
        *("migrations", "demo", "api", "formats", "management", "mcp"),
        *(
            "compat",
            "backup",
            "exports",
            "audit",
            "metrics.py",
            "checks.py",
            "design.py",
            "oscal.py",
        ),
        *("cyclonedx_risks.py", "registers.py", "stage_texts.py", "stage_advice.py", "proofs.py"),
        *("keys.py", "exchange.py", "idempotency.py"),
    ]
)
SENTENCE = re.compile(r"(?:\{0\}|[A-Z\"']).*[a-z]{2}.*[.!?]")
GAP = re.compile(r"\{\d\}")


def texts() -> Catalog:
    """Every text that is marked, with the files that it stands in, and what the domain says."""
    found = Catalog(project="SecOps Portal", domain="django", fuzzy=False, charset="utf-8")
    for path, source in _sources():
        read = extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS)
        for _line, message, _comments, context in read:
            found.add(message, locations=[(str(path), 0)], context=context)
        if path.parts[0] == "apps" and not UNSAID & set(path.parts):
            code = ast.parse(source)
            for sentence in (
                *sentences(code),
                *(labels(code) if "connectors" in path.parts else ()),
            ):
                found.add(sentence, locations=[(str(path), 0)], context="said")
    return found


def sentences(code: ast.AST) -> Iterator[str]:
    """Whole sentences in code that are not marked: refusals and the like (apps/common/said.py).

    What an f-string fills in becomes {0}, {1}. Docstrings are none.
    """
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KEYWORDS:
            continue
        text = _folded(node)
        if text is None:
            yield from sentences(node)
        elif SENTENCE.fullmatch(text.strip()) and len(GAP.sub("", text).split()) > 2:
            yield text.strip()


def labels(code: ast.AST) -> Iterator[str]:
    """What connectors call themselves and the fields of their configuration."""
    for node in ast.walk(code):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in {
            "name",
            "summary",
        }:
            said = [node.value]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Field":
            said = [*node.args[1:2], *(each.value for each in node.keywords if each.arg == "help")]
        else:
            continue
        yield from (text for text in map(_folded, said) if text and not text.startswith("https://"))


def _folded(node: ast.AST) -> str | None:
    """The text of a literal, with gaps; None for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    gap = itertools.count()
    parts = (
        part.value if isinstance(part, ast.Constant) else f"{{{next(gap)}}}" for part in node.values
    )
    return "".join(str(part) for part in parts)


def _sources() -> Iterator[tuple[Path, str]]:
    for folder in ("apps", "secops_portal", "templates"):
        for path in sorted((TOP / folder).rglob("*")):
            name = path.relative_to(TOP)
            if path.suffix == ".py" and "migrations" not in name.parts:
                yield name, path.read_text()
            elif path.suffix in {".html", ".txt"} and folder == "templates":
                yield name, _as_code(path.read_text())


def _as_code(template: str) -> str:
    """A template's texts as calls, each line on its own: what is indented in HTML is not in Python."""
    return "\n".join(line.lstrip() for line in templatize(template).splitlines())


def catalogues() -> Iterator[tuple[str, Path]]:
    """(language, its .po file) of each language but that of the code itself."""
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        yield path.parent.parent.name, path


def read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="django")


def compiled(catalogue: Catalog) -> bytes:
    """The .mo file, the same bytes for the same translations."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def write(path: Path, catalogue: Catalog) -> None:
    """Both files. Without line numbers, so that a change of code elsewhere changes nothing here."""
    with path.open("wb") as file:
        write_po(
            file,
            catalogue,
            width=100,
            sort_by_file=True,
            include_lineno=False,
            ignore_obsolete=True,
        )
    path.with_suffix(".mo").write_bytes(compiled(catalogue))


def refresh(catalogue: Catalog, fresh: Catalog) -> None:
    """Take in what is new, drop what is gone; nothing is guessed from a text that looks alike."""
    fresh.creation_date = (
        catalogue.creation_date
    )  # a date that changes each time is only a conflict
    catalogue.update(fresh, no_fuzzy_matching=True)


def missing(catalogue: Catalog) -> list[Message]:
    """What has no translation yet, or a doubtful one."""
    return [each for each in catalogue if each.id and (each.fuzzy or not _is_whole(each))]


def _is_whole(message: Message) -> bool:
    return all(_forms(message.string))


def _forms(text: object) -> list[str]:
    """Singular and plural, or the one text; Babel says both by one attribute."""
    return (
        [str(each or "") for each in text] if isinstance(text, list | tuple) else [str(text or "")]
    )


def wrong(catalogue: Catalog) -> list[str]:
    """Translations whose placeholders or outer white space are not those of the text."""
    found = []
    for message in catalogue:
        if not message.id or not _is_whole(message):
            continue
        originals = _forms(message.id)
        # The singular may leave the number out ("one day"); what it names must be there.
        allowed = set().union(*(placeholders(text) for text in originals))
        for index, translation in enumerate(_forms(message.string)):
            original = originals[min(index, len(originals) - 1)]
            is_filled = placeholders(original) <= placeholders(translation) <= allowed
            if not is_filled or _edges(original) != _edges(translation):
                found.append(f"{originals[0]!r}: {translation!r}")
    return found


def placeholders(text: str) -> set[str]:
    """ "%(name)s", "%d", "{item}" and "%%" of a text; in "50 % of" the sign is only a sign."""
    return set(PLACEHOLDER.findall(text))


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def main(arguments: list[str]) -> int:
    """Return 1 where a translation cannot be right; a missing one is only said."""
    settings.configure()
    fresh, bad = texts(), []
    for language, path in catalogues():
        catalogue = read(path, language)
        before = compiled(catalogue)
        is_stale = path.with_suffix(".mo").read_bytes() != before
        refresh(catalogue, fresh)
        absent = missing(catalogue)
        bad += wrong(catalogue)
        total = sum(bool(each.id) for each in catalogue)
        print(f"{language}: {total - len(absent)} of {total} texts are translated.")
        for each in absent:
            where = ", ".join(sorted({place for place, _ in each.locations})[:3])
            print(f"  {each.id!r}  ({where})")
        if "--check" not in arguments:
            write(path, catalogue)
        elif is_stale:
            bad.append(f"{path.with_suffix('.mo').relative_to(TOP)} is not what its .po says.")
    for line in bad:
        print(f"WRONG {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

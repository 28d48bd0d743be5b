r"""CODEOWNERS: which team owns a path or a package, by the last line that fits.

Source: GitHub, "About code owners", CODEOWNERS syntax (patterns as in .gitignore, without ! and [ ]).
A pattern that begins with pkg: is about package URLs instead of paths.
"""

import re
from dataclasses import dataclass

MAX_LINES = 2000
# SECURITY: of a pattern. PostgreSQL compiles each for every place; a thousand **/ took two minutes for one path, and
# what it calls too complex would stop the owners of every report.
MAX_LETTERS, MAX_WILDCARDS = 500, 20
_TOO_MUCH = f"At most {MAX_LETTERS} characters, and {MAX_WILDCARDS} times * or **, in a pattern."
_COMMENT = re.compile(r"(?:^|\s)#.*")
_SPECIAL = re.compile(r"([.^$+?{}()|\[\]\\])")


@dataclass(frozen=True)
class Line:
    """pattern is a regular expression of PostgreSQL; team: a key, empty: nobody owns it."""

    number: int
    pattern: str
    is_package: bool
    team: str


@dataclass(frozen=True)
class Problem:
    number: int
    text: str


def read(text: str) -> tuple[list[Line], list[Problem]]:
    """The lines of a file, and what is wrong with others."""
    lines: list[Line] = []
    problems: list[Problem] = []
    rows = text.splitlines()
    if len(rows) > MAX_LINES:
        return [], [Problem(MAX_LINES + 1, f"At most {MAX_LINES} lines.")]
    for number, row in enumerate(rows, start=1):
        words = _COMMENT.sub("", row).split()
        if not words:
            continue
        pattern, *owners = words
        if pattern.startswith(("!", "[")) or "[" in pattern:
            problems.append(
                Problem(number, "Patterns with ! or [ ] are not read, as in CODEOWNERS.")
            )
            continue
        if len(pattern) > MAX_LETTERS or len(re.findall(r"\*+", pattern)) > MAX_WILDCARDS:
            problems.append(Problem(number, _TOO_MUCH))
            continue
        if owners and not owners[0].startswith("@"):
            problems.append(Problem(number, f"{owners[0][:60]!r} is no team: write @team."))
            continue
        team = owners[0].lstrip("@").rpartition("/")[2] if owners else ""
        is_package = pattern.startswith("pkg:")
        regex = package_regex(pattern) if is_package else path_regex(pattern)
        lines.append(Line(number, regex, is_package, team))
    return lines, problems


def path_regex(pattern: str) -> str:
    r"""A pattern as a regular expression over paths without a slash in front.

    >>> path_regex("/docs/*")
    '^docs/[^/]*$'
    >>> path_regex("*.js")
    '(^|/)[^/]*\\.js(/|$)'
    >>> path_regex("apps/")
    '(^|/)apps/'
    """
    is_folder = pattern.endswith("/")
    inner = pattern.strip("/")
    # A slash in front or inside binds the pattern to the root.
    is_bound = pattern.startswith("/") or "/" in inner
    body = _glob(inner)
    begin = "^" if is_bound else "(^|/)"
    if is_folder:
        return f"{begin}{body}/"
    # docs/* means what lies in docs, and nothing deeper.
    end = "$" if inner.endswith("/*") else "(/|$)"
    return f"{begin}{body}{end}"


_WILD = {"/**/": "/(.*/)?", "**/": "(.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_PIECES = re.compile(r"(/\*\*/|\*\*/|/\*\*|\*\*|\*|\?)")


def _glob(text: str) -> str:
    return "".join(
        _WILD.get(piece) or _SPECIAL.sub(r"\\\1", piece) for piece in _PIECES.split(text)
    )


def package_regex(pattern: str) -> str:
    r"""A package URL, with or without a version, * for anything.

    >>> package_regex("pkg:npm/left-pad")
    '^pkg:npm/left-pad(@|\\?|#|$)'
    """
    body = ".*".join(_SPECIAL.sub(r"\\\1", part) for part in pattern.split("*"))
    return f"^{body}(@|\\?|#|$)"

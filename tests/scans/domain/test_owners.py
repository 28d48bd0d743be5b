"""CODEOWNERS patterns, by the examples of GitHub's page "About code owners"."""

import re

import pytest

from apps.scans.domain.owners import package_regex, path_regex, read


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("*", ["a.py", "src/a.py", ".github/x"], []),
        ("*.js", ["a.js", "src/deep/a.js"], ["a.jsx", "js"]),
        ("/build/logs/", ["build/logs/a", "build/logs/b/c"], ["x/build/logs/a", "build/logs"]),
        ("docs/*", ["docs/getting-started.md"], ["docs/build-app/troubleshooting.md"]),
        ("apps/", ["apps/a", "src/apps/b/c"], ["myapps/a"]),
        ("/docs/", ["docs/a", "docs/b/c"], ["src/docs/a"]),
        ("**/logs", ["logs/a", "build/logs/b", "scripts/logs"], ["mylogs/a"]),
        ("/apps/github", ["apps/github", "apps/github/a"], ["apps/githubx", "x/apps/github"]),
        ("src/**/test", ["src/test", "src/a/b/test/c"], ["src/tests"]),
        ("src/**", ["src/a", "src/a/b"], ["src", "lib/src/a"]),
        ("a?c.txt", ["abc.txt", "x/abc.txt"], ["ac.txt", "a/c.txt"]),
        ("a.b(c)+$", ["a.b(c)+$"], ["axb(c)+$", "a.bc"]),
    ],
)
def test_paths(pattern: str, fits: list[str], does_not: list[str]) -> None:
    regex = re.compile(path_regex(pattern))
    assert [path for path in fits if not regex.search(path)] == []
    assert [path for path in does_not if regex.search(path)] == []


def test_packages() -> None:
    regex = re.compile(package_regex("pkg:npm/%40acme/*"))
    assert regex.search("pkg:npm/%40acme/ui@1.0.0?x=y")
    assert not regex.search("pkg:npm/%40acmeish/ui@1.0.0")
    exact = re.compile(package_regex("pkg:npm/left-pad"))
    assert exact.search("pkg:npm/left-pad")
    assert exact.search("pkg:npm/left-pad@1")
    assert not exact.search("pkg:npm/left-pad-2@1")


def test_lines() -> None:
    lines, problems = read(
        "# a comment\n\n*  @acme/team-a  # everything\n/docs/ @team-b @team-c\n/free/\n"
        "!x @team-a\n[ab] @team-a\ny someone@example.org\n"
    )
    assert [(line.number, line.team) for line in lines] == [(3, "team-a"), (4, "team-b"), (5, "")]
    assert [each.number for each in problems] == [6, 7, 8]


def test_too_many_lines() -> None:
    assert read("* @a\n" * 2001)[0] == []

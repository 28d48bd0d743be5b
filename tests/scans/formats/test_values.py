"""Identifiers, scores, severities, words and times as one spelling."""

import datetime as dt
import doctest
from typing import Any

import pytest

from apps.scans.formats import ids, node, scores, severity, text
from apps.scans.formats.node import Node
from apps.scans.formats.packages import image_name
from apps.scans.formats.tooltrust import is_plausible, trusted_keys
from apps.scans.formats.types import Severity

UTC = dt.UTC


@pytest.mark.parametrize("module", [scores, node])
def test_the_examples_in_the_docstrings(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("CWE-79: Cross-site Scripting",), (79,)),
        (("external/cwe/cwe-089", "CWE_22"), (22, 89)),
        ((79, "80", "0"), (79, 80)),
        ((["CWE-1", ["cwe:2", None]],), (1, 2)),
        (("NVD-CWE-noinfo", "NVD-CWE-Other", "", None, -1, True), ()),
        (("CWE-123456789",), ()),
        (("scwe-79",), ()),
    ],
)
def test_cwes(values: tuple[Any, ...], expected: tuple[int, ...]) -> None:
    assert ids.cwes(*values) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["GHSA-ABCD-1234-efgh", "cve-2021-44228"], ("CVE-2021-44228", "GHSA-abcd-1234-efgh")),
        (["CVE-2021-9", "CVE-2020-10000", "CVE-2020-9999"], ("CVE-2020-9999", "CVE-2020-10000", "CVE-2021-9")),
        (["PYSEC-2026-1", "PYSEC-2026-1", "", None], ("PYSEC-2026-1",)),
        (["CVE-YYYY-1"], ("CVE-YYYY-1",)),
    ],
)  # fmt: skip
def test_vulnerabilities(given: list[str | None], expected: tuple[str, ...]) -> None:
    assert ids.vulnerabilities(given) == expected


def test_vulnerabilities_in_text() -> None:
    found = ids.vulnerabilities_in("See CVE-2021-44228, ghsa-jfh8-c2jp-5v3q and GO-2024-1.", None)
    assert found == ("CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q", "GO-2024-1")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("pkg:PyPI/Django_Utils@1.2", "pkg:pypi/django-utils@1.2"),
        ("pkg:npm/@babel/core@7", "pkg:npm/%40babel/core@7"),
        ("pkg:deb/debian/x@1?distro=d&arch=a", "pkg:deb/debian/x@1?arch=a&distro=d"),
        ("not a purl", ""),
        ("pkg:", ""),
    ],
)
def test_purl(given: str, expected: str) -> None:
    assert ids.purl(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("Maven", "org.x:core", "1"), "pkg:maven/org.x/core@1"),
        (("gomod", "example.org/a/b", "v1"), "pkg:golang/example.org/a/b@v1"),
        (("Debian:12", "openssl", "1"), "pkg:deb/debian/openssl@1"),
        (("npm", "@a/b", ""), "pkg:npm/%40a/b"),
        (("unheard-of", "x", "1"), ""),
        (("pypi", "", "1"), ""),
    ],
)
def test_make_purl(given: tuple[str, str, str], expected: str) -> None:
    assert ids.make_purl(*given) == expected


# Scores: FIRST's CVSS v2 guide, v3.1 examples and the v4.0 calculator.
@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("(AV:N/AC:L/Au:N/C:P/I:P/A:P)", 7.5),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
        ("CVSS:3.1/AV:N", None),
        ("CVSS:9.9/AV:N", None),
        ("x" * 1000, None),
        ("", None),
    ],
)
def test_base_score(vector: str, expected: float | None) -> None:
    assert scores.base_score(vector) == expected


def test_the_vector_of_the_highest_version_is_kept() -> None:
    v2, v3 = "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    assert scores.best_vector([v2, None, "broken", v3]) == (v3, 9.8)
    assert scores.best_vector([]) == ("", None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7.5, 7.5), ("10", 10.0), (0, 0.0), (-1, None), (10.1, None), ("x", None), (float("nan"), None),
     (True, None), (None, None), (10**400, None)],
)  # fmt: skip
def test_score(value: Any, expected: float | None) -> None:
    assert scores.score(value) == expected


# CVSS v3.1 specification, section 5: qualitative severity rating scale.
@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (None, 0),
        (0, 0),
        (0.1, 1),
        (3.9, 1),
        (4.0, 2),
        (6.9, 2),
        (7.0, 3),
        (8.9, 3),
        (9.0, 4),
        (10, 4),
    ],
)
def test_severity_from_score(score: float | None, expected: int) -> None:
    assert severity.from_score(score) is Severity(expected)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Critical", 4), ("important", 3), ("ERROR", 3), ("moderate", 2), ("Minor", 1), ("info", 0), ("", 0),
     ("UNKNOWN", 0), ("never seen", 2), (None, 0)],
)  # fmt: skip
def test_severity_from_word(word: str | None, expected: int) -> None:
    assert severity.from_word(word) is Severity(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-02-03T04:05:06Z", dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        (
            "2026-02-03T04:05:06.123456789+01:00",
            dt.datetime(2026, 2, 3, 3, 5, 6, 123456, tzinfo=UTC),
        ),
        ("2026-02-03 04:05:06", dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("Tue, 3 Feb 2026 04:05:06", dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("Tue Feb 03 04:05:06 2026", dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        (1770091506, dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        (1770091506000, dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("yesterday", None),
        (-1, None),
        (float("nan"), None),
        (10**400, None),
        (True, None),
        ([], None),
        (None, None),
    ],
)
def test_moment(given: Any, expected: dt.datetime | None) -> None:
    assert text.moment(given) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a?b=c#d", True),
        ("HTTP://EXAMPLE.ORG", True),
        ("javascript:alert(1)", False),
        (" https://example.org", False),
        ("https://", False),
        ("https://exa mple.org", False),
        ('https://example.org/"><script>', False),
        ("https://[broken", False),
        ("//example.org", False),
        ("https://example.org/" + "a" * 3000, False),
    ],
)
def test_only_http_links(url: str, expected: bool) -> None:
    assert text.is_link(url) is expected


@pytest.mark.parametrize(
    ("given", "tags", "name"),
    [
        ("shop", [], "shop"),
        ("shop:1.4", ["other:1"], "shop"),
        ("localhost:5000/shop/web", [], "localhost:5000/shop/web"),
        ("r.example:5000/shop/web:1.4-rc.1@sha256:" + "0f" * 32, [], "r.example:5000/shop/web"),
        ("build-4711/shop.tar.gz", ["shop:4711"], "shop"),
        ("docker-archive:/builds/x", [], ""),
        ("/builds/x.tar", ["@", "r.example/shop:2"], "r.example/shop"),
        ("./image", [], ""),
        ("sha256:" + "0f" * 32, ["shop:1"], "shop"),
        ("0f0f0f0f0f0f", [], ""),
        ("", [], ""),
    ],
)
def test_image_name(given: str, tags: list[str], name: str) -> None:
    assert image_name(given, tags) == name


def test_the_scheme_of_a_link_is_in_small_letters() -> None:
    given = ["HttpS://Example.org/A", "https://Example.org/A", "data:x"]
    assert text.links(given) == ("https://Example.org/A",)


def test_links_in_text() -> None:
    found = text.links_in("(see https://example.org/a_(b)), or http://example.org/c.")
    assert found == ("https://example.org/a_(b)", "http://example.org/c")


def test_texts() -> None:
    assert text.clean(" a\0b\ud800 ") == "ab\ufffd"
    assert text.first_line(None, " \n", "a\nb") == "a"
    assert text.first_line("x" * 400) == "x" * 299 + "…"
    assert text.from_html("<p>a &lt;b&gt; &amp; c</p><ul><li>d</li></ul>") == "a <b> & c\nd"
    assert text.from_html("a < b") == "a < b"
    assert text.paragraphs("a", "", None, "a", "b") == "a\n\nb"
    assert text.tags("a", ["a", "b", None], ("c",)) == ("a", "b", "c")
    assert text.slash_path("file:///C:/a\\b") == "C:/a/b"
    assert text.slash_path("file:///home/a") == "/home/a"


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, 1), (0, None), (-5, None), (2**31, None), ("12", 12), ("-1", None), ("x", None), (1.0, None), (True, None),
     (10**400, None), ("9" * 400, None), (None, None)],
)  # fmt: skip
def test_positive(number: Any, expected: int | None) -> None:
    assert text.positive(number) == expected


@pytest.mark.parametrize(
    "value", ["requires login", "n/a", "", "0000000", "abc", "x" * 2000, None, 5, "------"]
)
def test_placeholders_are_no_fingerprints(value: object) -> None:
    assert not is_plausible(value)


def test_a_fingerprint_is_trusted_if_it_tells_most_locations_apart() -> None:
    good = [("good", f"value-{i}", i) for i in range(10)]
    same = [("same", "always-this", i) for i in range(10)]
    copies = [("copies", f"value-{i // 2}", i) for i in range(9)]
    alone = [("alone", "only-one", 1)]
    assert trusted_keys([*good, *same, *copies, *alone]) == {"good", "copies", "alone"}


def test_node_is_empty_where_the_shape_is_another_one() -> None:
    found = Node({"a": {"b": ["x", 1, None, {"c": True}]}, "n": "7.5", "t": "yes"})
    assert found.text("a", "b") == "x, 1"
    assert found.texts("a", "b") == ["x", "1"]
    assert found.at("a", "b", 3).flag("c")
    assert len(found.objects("a", "b")) == 1
    assert found.items("a")[0].text("b") == "x, 1"
    assert found.number("n") == 7.5
    assert found.flag("t")
    assert not found.flag("a")
    assert found.text("a", "z", 0, "y") == ""
    assert found.members("n") == {}
    assert "a" in found
    assert "z" not in found
    assert not Node(None)

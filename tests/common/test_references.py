"""What a text names leads there; what only looks like it stays text."""

import pytest
from lxml import html

from apps.common.markdown import render


def links(text: str) -> list[tuple[str, str]]:
    found = html.fragment_fromstring(str(render(text)), create_parent="div").iter("a")
    return [(each.get("href"), each.text_content()) for each in found]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("PI-7", "/planning/PI-7/"),
        ("RS-12", "/risks/RS-12/"),
        ("G-3", "/guidance/G-3/"),
        ("CWE-79", "/search/?q=CWE-79"),
        ("CVE-2021-44228", "/search/?q=CVE-2021-44228"),
        ("GHSA-jfh8-c2jp-5v3q", "/search/?q=GHSA-jfh8-c2jp-5v3q"),
    ],
)
def test_a_name_leads_there(text: str, address: str) -> None:
    assert links(f"See **({text})**, {text}.") == [(address, text), (address, text)]


@pytest.mark.parametrize(
    "text",
    [
        "`PI-7`",
        "    PI-7",
        "ACME-PI-7",
        "PI-7-draft",
        "PI-0",
        "RS-1234567890123456789",
        "src/PI-7/x",
        "https://example.org/PI-7",
        "CWE-79x",
        "pi-7",
        "GHSA-aaaa",
        "@PI-7",
    ],
)
def test_what_only_looks_like_one_is_text(text: str) -> None:
    assert links(text) == []


def test_links_do_not_nest() -> None:
    assert links("[RS-3 as it was](https://example.org/)") == [
        ("https://example.org/", "RS-3 as it was")
    ]


def test_people_are_marked_where_they_are_known() -> None:
    text = "@amara.okafor and @Override, `@amara.okafor`, me@amara.okafor, @Amara.Okafor."
    html = str(render(text, ["amara.okafor"]))
    assert html.count('<span class="mention">') == 2
    assert '<span class="mention">@Amara.Okafor</span>.' in html
    assert "<span" not in str(render('<span class="mention">@Override</span>', ["amara.okafor"]))

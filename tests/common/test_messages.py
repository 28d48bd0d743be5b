"""The catalogues of translations: whole, right in what they fill in, and what pages are made from."""

import datetime as dt
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django import forms
from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext

from apps.common.ui.ages import age_of
from bin._local import catalogue
from tests.conftest import People
from tests.factories.planning import make_item
from tests.pages import signed_in

LANGUAGES = dict(catalogue.catalogues())


def test_every_language_of_the_portal_has_a_catalogue() -> None:
    assert {"en", *LANGUAGES} == set(dict(settings.LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_in_what_the_text_fills_in_and_nothing_is_doubtful(language: str) -> None:
    found = catalogue.read(LANGUAGES[language], language)
    assert catalogue.wrong(found) == []
    assert [each.id for each in found if each.id and each.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    """After a merge: bin/messages."""
    path = LANGUAGES[language]
    written = catalogue.compiled(catalogue.read(path, language))
    assert path.with_suffix(".mo").read_bytes() == written


def test_a_translation_that_fills_in_something_else_is_found() -> None:
    found = Catalog(locale="de")
    found.add("%(n)s of %(all)s", "%(n)s von allen")
    found.add(" and ", "und")
    found.add(("%(n)s day", "%(n)s days"), ("ein Tag", "%(n)s Tage"))
    found.add("30 % of it", "30 % davon")
    assert [line.partition(":")[0] for line in catalogue.wrong(found)] == [
        "'%(n)s of %(all)s'",
        "' and '",
        "'%(n)s day'",
    ]


def test_texts_are_found_in_code_and_in_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "apps/x.py").write_text(
        "from django.utils.translation import gettext_lazy as lazy\n"
        'a = {"key": lazy("One text")}\n'
        'b = ngettext("%d thing", "%d things", 3)\n'
    )
    (tmp_path / "templates/x.html").write_text(
        "<p>It's\n    {% translate \"Two texts\" as x %}\n  {% field f unit=_('a year') %}\n"
        "{% blocktranslate count n=n with who=user.name %}{{ who }} has {{ n }} file"
        "{% plural %}{{ who }} has {{ n }} files{% endblocktranslate %}</p>"
    )
    monkeypatch.setattr(catalogue, "TOP", tmp_path)
    assert {each.id for each in catalogue.texts() if each.id} == {
        "One text",
        ("%d thing", "%d things"),
        "Two texts",
        "a year",
        ("%(who)s has %(n)s file", "%(who)s has %(n)s files"),
    }


# --- pages in German ------------------------------------------------------------------------------
NAVIGATION = [
    "Kreislauf",
    "Planung",
    "Leitfäden",
    "Portfolio",
    "Maßnahmen",
    "Systeme",
    "Nachweise",
    "Befunde",
    "Berichte",
    "Abdeckung",
    "Automatisierung",
    "Quellen",
    "Mitteilungen",
]
PAGES = [
    "/",
    "/planning/",
    "/planning/new/",
    "/guidance/",
    "/portfolio/",
    "/controls/",
    "/systems/",
    "/findings/",
    "/reports/new/",
    "/coverage/",
    "/automation/",
    "/sources/",
    "/notices/",
    "/settings/notices/",
    "/settings/security/",
    "/settings/place/",
]


class Texts(HTMLParser):
    """What a page says, piece by piece, and what it says in its main navigation."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.navigation: list[str] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "nav":
            self.is_inside = given.get("id") == "rail"
        self.said += [given[name] or "" for name in ("aria-label", "placeholder") if name in given]

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag != "nav"

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.said.append(text)
            if self.is_inside:
                self.navigation.append(text)


@pytest.mark.django_db
def test_pages_are_german_for_whoever_reads_german(people: People) -> None:
    """English that is in the catalogue and on the page was put there before the language was known."""
    make_item(people.system)
    people.security.language = "de"
    people.security.save()
    client = signed_in(people.security)
    english = {
        each.id: each.string
        for each in catalogue.read(LANGUAGES["de"], "de")
        if isinstance(each.id, str) and len(each.id) > 4 and each.string not in {"", each.id}
    }
    left = []
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200, path
        page = Texts()
        page.feed(answer.content.decode())
        assert [text for text in page.navigation if text in NAVIGATION] == NAVIGATION, path
        german = set(english.values())
        left += [(path, text) for text in page.said if text in english and text not in german]
    assert left == []


def test_an_age_has_the_ending_that_german_wants() -> None:
    now = timezone.now()
    with translation.override("de"):
        assert re.sub(r"\s", " ", age_of(now - dt.timedelta(days=3), now)) == "vor 3 Tagen"
        assert re.sub(r"\s", " ", age_of(now + dt.timedelta(days=62), now)) == "in 2 Monaten"


def test_a_text_that_nobody_has_translated_yet_is_english() -> None:
    with translation.override("de"):
        assert gettext("A text that is in no catalogue.") == "A text that is in no catalogue."


def test_a_field_for_a_day_is_given_what_browsers_take() -> None:
    """HTML Living Standard, "valid date string"."""
    with translation.override("de"):
        assert forms.DateInput().format_value(dt.date(2026, 11, 28)) == "2026-11-28"
        assert forms.DateField().clean("28.11.2026") == dt.date(2026, 11, 28)

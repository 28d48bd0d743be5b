"""Components: what they escape, which icons they name, that none needs inline style or script."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from apps.common.ui.ages import age_of
from apps.common.ui.diff import DiffLine, diff_lines
from apps.common.ui.people import initials
from apps.common.ui.stages import STAGES
from apps.common.ui.states import STATES, TONE_ICONS

ROOT = Path(settings.BASE_DIR)
LOADS = "{% load components fields figures formats threads %}"
HOSTILE = '"><script>alert(1)</script>'


def render(source: str, **context: object) -> str:
    return Template(LOADS + source).render(Context(context))


def _sprite() -> set[str]:
    listing = json.loads((ROOT / "assets/icons.json").read_text(encoding="utf-8"))
    return {*listing["lucide"], *(path.stem for path in (ROOT / "assets/icons").glob("*.svg"))}


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")
    )
    named = {
        *re.findall(r'{% icon "([a-z0-9-]+)"', text),
        *re.findall(r'icon="([a-z0-9-]+)"', text),
    }
    named |= {look.icon for looks in STATES.values() for look in looks.values()}
    named |= {stage.icon for stage in STAGES} | set(TONE_ICONS.values())
    assert len(named) > 40
    assert named <= _sprite()


def test_no_template_has_inline_style_or_script_or_evaluated_attributes() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:|js:", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


@pytest.mark.parametrize(
    "source",
    [
        "{% button x x %}",
        '{% button "a" x hx_get=x %}',
        "{% badge x %}",
        "{% chip x key=x remove_url=x %}",
        "{% person x %}",
        "{% icon 'check' label=x %}",
        "{% card title=x data_x=x %}{{ x }}{% endcard %}",
        "{% statement condition=x consequence=x %}{% endstatement %}",
        "{% page_header title=x lead=x %}{% endpage_header %}",
        "{% stat x x note=x url=x %}",
        "{% code_block anchor='a' label=x %}{{ x }}{% endcode_block %}",
        "{{ x|markdown }}",
    ],
)
def test_what_people_wrote_stays_text(source: str) -> None:
    shown = render(source, x=HOSTILE)
    assert "alert(1)" in shown
    assert "<script" not in shown


def test_a_widget_has_its_attributes_in_their_order_and_escaped() -> None:
    widget = forms.TextInput(attrs={"required": True, "disabled": False, "data-x": HOSTILE, "a": 1})
    shown = widget.render("<name>", '"', {"id": "b"})
    assert shown.strip() == (
        '<input type="text" name="&lt;name&gt;" value="&quot;" required '
        'data-x="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" a="1" id="b">'
    )


def test_what_is_kept_of_a_mark_is_neither_another_language_nor_another_trust() -> None:
    """Marks are drawn once for the same arguments."""
    said = {}
    for language in ("en", "de", "en"):
        with translation.override(language):
            said[language] = render(
                "{% state 'finding' 'open' %}{% severity 4 %}{% stage 'test' %}"
            )
    assert "Open" in said["en"]
    assert "Critical" in said["en"]
    assert "Offen" in said["de"]
    assert "Kritisch" in said["de"]
    assert "<b>x</b>" in render("{% badge x %}", x=SafeString("<b>x</b>"))
    assert "<b>" not in render("{% badge x %}", x="<b>x</b>")
    assert "is-1" in render("{% badge x 'is-1' %}", x=1)
    assert "True" in render("{% badge x 'is-1' %}", x=True)


def test_a_moment_is_written_in_the_language_and_the_zone_of_its_reader() -> None:
    moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # in Berlin it is summer: two hours more
    with translation.override("de"), timezone.override(ZoneInfo("Europe/Berlin")):
        shown = render("{% when moment full=True %}", moment=moment)
    assert 'datetime="2026-07-02T00:30:00+02:00"' in shown
    assert 'title="2. Juli 2026, 00:30 CEST"' in shown
    assert ">2. Juli 2026, 00:30</time>" in shown
    assert "never" in render("{% when moment %}", moment=None)


def test_a_link_and_a_button_look_alike_and_are_what_they_are() -> None:
    assert re.search(
        r'<a class="button button-primary" href="/x">',
        render('{% button "Go" "/x" kind="primary" %}'),
    )
    shown = render('{% button "Send" hx_post="/y" disabled=True %}')
    assert '<button class="button" type="submit" hx-post="/y" disabled>' in shown


def test_a_statement_writes_its_own_opening_words_once() -> None:
    shown = render(
        "{% statement condition=c consequence=d %}{% endstatement %}",
        c="If you open the port,",
        d="then anyone connects.",
    )
    assert (
        " ".join(re.sub("<[^>]+>", "", shown).split())
        == "If you open the port, then anyone connects."
    )


@pytest.mark.parametrize(
    ("reader", "condition", "consequence", "said"),
    [
        (
            "de",
            "keep uploads in a bucket",
            "then anyone reads them",
            "If you keep uploads in a bucket, then anyone reads them.",
        ),
        (
            "en",
            "Wenn Sie die Uploads im Bucket lassen,",
            "dann liest sie jeder.",
            "Wenn Sie die Uploads im Bucket lassen, dann liest sie jeder.",
        ),
        (
            "de",
            "wenn ein Skript das Recht hat",
            "fällt es nicht auf",
            "Wenn ein Skript das Recht hat, dann fällt es nicht auf.",
        ),
    ],
)
def test_a_statement_opens_in_the_language_that_it_is_written_in(
    reader: str, condition: str, consequence: str, said: str
) -> None:
    with translation.override(reader):
        shown = render(
            "{% statement condition=c consequence=d %}{% endstatement %}",
            c=condition,
            d=consequence,
        )
    assert " ".join(re.sub("<[^>]+>", "", shown).split()) == said


def test_a_severity_is_a_word_too_and_a_wrong_state_is_an_error() -> None:
    assert "Critical" in render("{% severity 4 %}")
    with pytest.raises(KeyError):
        render('{% state "finding" "sleeping" %}')


class Form(forms.Form):
    name = forms.CharField(help_text="As it is called.")


def test_a_field_joins_label_help_and_error_for_screen_readers() -> None:
    shown = render("{% form_errors form %}{% field form.name %}", form=Form({}))
    described = re.search(r'aria-describedby="([^"]+)"', shown)
    assert described is not None
    for anchor in described[1].split():
        assert f'id="{anchor}"' in shown
    assert 'aria-invalid="true"' in shown
    assert '<label for="id_name">' in shown
    assert 'href="#id_name"' in shown


def test_a_figure_without_a_mouse() -> None:
    bar = render("{% range_bar 20000 1200000 'EUR' point=310000 %}")
    assert 'aria-label="From EUR 20k to 1.2M, expected 310k"' in bar
    assert "width=" in bar


def test_a_diff_names_what_came_and_went() -> None:
    assert diff_lines("a\nb\n", "a\nc\n") == (
        DiffLine("same", "a"),
        DiffLine("removed", "b"),
        DiffLine("added", "c"),
    )
    assert diff_lines("a", "a") == ()


def test_initials() -> None:
    assert [initials(name) for name in ("Ada Byron", "mira@example.org", "Plato", "")] == [
        *("AB", "MO", "PL", "?")
    ]


def test_an_age_has_one_unit() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert age_of(now - timedelta(seconds=20), now) == "just now"
    assert age_of(now - timedelta(days=3, hours=5), now) == "3\u00a0days ago"
    assert age_of(now + timedelta(days=15), now) == "in 2\u00a0weeks"

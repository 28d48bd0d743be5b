"""Made-up code against the rules of bin/lint dangers: what is refused, and what is as the documentation asks for it.

SQL: psycopg's "Passing parameters to SQL queries" and "SQL string composition". HTML: Django's format_html.
"""

from pathlib import Path

import pytest

from bin._local.arguing import unargued
from bin._local.dangers import Finding, Module, findings, in_python, in_template

VIEW = "apps/harbour/views.py"


def rules(
    text: str, path: str = "apps/harbour/services/boats.py", top: Path | None = None
) -> list[str]:
    module = Module(path, text, top or Path("/nowhere"))
    return [each.rule for each in in_python(module)]


GOOD_SQL = {
    "parameters": 'def f(cursor, name):\n    cursor.execute("SELECT %s", [name])',
    "a constant": 'ASKED = "SELECT %s"\ndef f(cursor, name):\n    cursor.execute(ASKED, [name])',
    "of constants": 'A = "SELECT {w}"\nB = "true"\ndef f(c, n):\n    c.execute(A.format(w=B), [n])',
    "one of two": 'A = "1"\nB = "2"\ndef f(c, n):\n    c.execute(A if n else B)',
    "of a table": 'A = {"a": "1"}\ndef f(c, n):\n    c.execute(A[n])',
    "in pieces": 'A = "WHERE"\ndef f(c):\n    c.execute("SELECT 1 " + A + " true")',
    "a local": 'def f(c):\n    asked = "SELECT 1"\n    c.execute(asked)',
    "composed": 'def f(c, n):\n    c.execute(sql.SQL("SELECT {}").format(sql.Identifier(n)))',
    "Django's": "A = 'UPDATE {f}'\ndef f(c, rows):\n"
    "    found, values = rows.query.sql_with_params()\n    c.execute(A.format(f=found), values)",
    "another execute": "def f(plan):\n    plan.execute()",
    "a copy": "import copy\ndef f(one):\n    return copy.copy(one)",
}
BAD_SQL = {
    "an f-string": "def f(cursor, name):\n    cursor.execute(f\"SELECT '{name}'\")",
    "a percent": "def f(cursor, name):\n    cursor.execute(\"SELECT '%s'\" % name)",
    "a plus": 'def f(cursor, name):\n    cursor.execute("SELECT " + name)',
    "a format": 'def f(cursor, name):\n    cursor.execute("SELECT {}".format(name))',
    "a parameter": "def f(cursor, asked):\n    cursor.execute(asked)",
    "a local of it": 'def f(c, n):\n    asked = "SELECT 1"\n    asked += n\n    c.execute(asked)',
    "a branch of it": "def f(c, n):\n    if n:\n        a = n\n    else:\n        a = '1'\n    c.execute(a)",
    "many": "def f(cursor, name):\n    cursor.executemany(f\"INSERT '{name}'\", [])",
    "a model's": "def f(name):\n    return Boat.objects.raw(f\"SELECT '{name}'\")",
    "an expression": 'def f(name):\n    return Boat.objects.annotate(x=RawSQL("a" + name, []))',
    "extra": 'def f():\n    return Boat.objects.extra(where=["true"])',
    "not by psycopg": 'def f(c, n):\n    c.execute(sql.SQL("SELECT " + n))',
    "of the request": 'A = "SELECT {w}"\ndef f(c, n):\n    c.execute(A.format(w=n))',
}


@pytest.mark.parametrize("text", GOOD_SQL.values(), ids=GOOD_SQL)
def test_sql_that_is_written_down(text: str) -> None:
    assert rules(text) == []


@pytest.mark.parametrize("text", BAD_SQL.values(), ids=BAD_SQL)
def test_sql_that_is_put_together(text: str) -> None:
    assert rules(text) == ["sql"]


def test_a_constant_of_another_module_is_looked_up(tmp_path: Path) -> None:
    folder = tmp_path / "apps" / "harbour"
    folder.mkdir(parents=True)
    (folder / "words.py").write_text('ASKED = "SELECT 1"\nMADE = input()\n')
    text = "from apps.harbour.words import ASKED, MADE\ndef f(c):\n    c.execute({})"
    assert rules(text.format("ASKED"), top=tmp_path) == []
    assert rules(text.format("MADE"), top=tmp_path) == ["sql"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mark_safe(text)", ["safe-html"]),
        ("SafeString(text)", ["safe-html"]),
        ('format_html("<b>{}</b>", text)', []),
        ('format_html(f"<b>{text}</b>")', ["safe-html"]),
        ('format_html("<b>" + text + "</b>")', ["safe-html"]),
        ('format_html_join(", ", "<b>{}</b>", rows)', []),
        ('format_html_join(", ", text, rows)', ["safe-html"]),
        ("conditional_escape(text)", []),
    ],
)
def test_html_that_is_believed(text: str, found: list[str]) -> None:
    assert rules(f"def f(text, rows):\n    return {text}") == found


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("{{ text }}", 0),
        ("{{ text|safe }}", 1),
        ("{{ text | safe }}", 1),
        ("{{ rows|safeseq|join:', ' }}", 1),
        ("{% autoescape off %}{{ text }}{% endautoescape %}", 1),
        ("{% autoescape on %}", 0),
        ("{{ text|safer }}", 0),
    ],
)
def test_templates_that_believe(line: str, count: int) -> None:
    assert len(list(in_template("templates/a.html", line))) == count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@csrf_exempt\ndef page(request): ...", ["csrf-exempt"]),
        ("page = csrf_exempt(page)", ["csrf-exempt"]),
        ("@decorators.login_not_required\ndef page(request): ...", ["no-sign-in"]),
        ("@method_decorator(login_not_required)\nclass Page: ...", ["no-sign-in"]),
        ("@require_GET\ndef page(request): ...", []),
        ("class Page(View):\n    permission_classes = ()", ["own-door"]),
        ("class Page(View):\n    authentication_classes = [Mine]", ["own-door"]),
        ("class Page(View):\n    serializer_class = BoatOut", []),
    ],
)
def test_doors_that_are_left_open(text: str, found: list[str]) -> None:
    assert rules(text, VIEW) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Boat.objects.get(pk=pk)", ["unscoped"]),
        ("Boat.objects.select_related('owner').get(key=pk)", ["unscoped"]),
        ("Boat.objects.filter(uid=pk).first()", ["unscoped"]),
        ("get_object_or_404(Boat, pk=pk)", ["unscoped"]),
        ("Boat.objects.visible_to(request.actor).get(pk=pk)", []),
        ("get_object_or_404(Boat.objects.visible_to(request.actor), pk=pk)", []),
        ("boat_get(request.actor, pk)", []),
        ("Boat.objects.filter(team=team)", []),
        ("Team.objects.filter(key=pk).first()", []),  # of no system
        ("request.GET.get('pk')", []),
    ],
)
def test_rows_that_an_address_names(text: str, found: list[str]) -> None:
    whole = f"def page(request, pk, team):\n    return {text}"
    for path in (VIEW, "apps/harbour/api/boats.py", "apps/harbour/views/boats.py"):
        assert rules(whole, path) == found
    assert rules(whole, "apps/harbour/selectors.py") == []


def test_an_argument_holds_for_one_place_and_needs_a_reason() -> None:
    found = [Finding("a.py", 7, "f", "sql"), Finding("a.py", 9, "g", "sql")]
    reasoned = {"argued": [{"reason": "So.", "findings": ["a.py f sql", "b.py h sql"]}]}
    said = unargued(found, reasoned)
    assert [line.split(": ")[:2] for line in said] == [
        ["a.py:9", "a.py g sql"],
        ["b.py h sql", "argued, and found no more"],
    ]
    assert unargued(found[:1], {"argued": [{"findings": ["a.py f sql"]}]}) == [
        "a.py f sql: argued without a reason"
    ]


def test_the_portal_is_read_whole() -> None:
    """What is argued is found: the check looks where it should."""
    places = {each.key for each in findings()}
    assert "apps/trackers/receivers.py tracker_hook csrf-exempt" in places
    assert "templates/notices/mail.txt safe-html" in places

"""Expected against arrived: what a system's cells say, and who may say what is expected."""

from itertools import pairwise
from typing import Any

import pytest

from apps.accounts.actors import portal_actor
from apps.catalog.models import Criticality, System
from apps.catalog.stages import Stage
from apps.coverage.defaults import default_days
from apps.coverage.kinds import EvidenceKind
from apps.coverage.picture import Line
from apps.coverage.selectors import coverage_of, profiles
from apps.coverage.services.profiles import exception_set, profile_set, tool_kind_set
from apps.coverage.services.silence import silence_answer, silences_sweep
from apps.coverage.words import gap_sentences
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_arrived, make_guidance, make_series

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
CODE, DEPLOY = Stage.CODE, Stage.DEPLOY
STATIC, SECRETS = EvidenceKind.STATIC_ANALYSIS, EvidenceKind.SECRETS


def expects(system: System, *lines: Line) -> None:
    version = profiles()[system.criticality].version
    profile_set(actor=TESTS, criticality=system.criticality, lines=lines, version=version)


def cell(system: System, stage: Stage = CODE) -> Any:
    return coverage_of(TESTS, [system])[0].stage(stage)


@pytest.mark.parametrize(
    ("days_ago", "word", "state"),
    [
        (0, "fresh", "covered"),
        (9.9, "fresh", "covered"),
        (10.1, "ageing", "late"),
        (19.9, "ageing", "late"),
        (20.1, "stale", "late"),
    ],
)
def test_age_against_what_is_expected(
    people: People, days_ago: float, word: str, state: str
) -> None:
    expects(people.system, Line(CODE, STATIC, 10))
    make_arrived(make_series(people.system, tool="Semgrep"), days_ago=days_ago)
    told = cell(people.system)
    assert (told.expected[0].freshness, told.state) == (word, state)
    assert told.met == (state == "covered")


def test_the_newest_of_several_tools_counts(people: People) -> None:
    expects(people.system, Line(CODE, STATIC, 10))
    make_arrived(make_series(people.system, tool="Semgrep"), days_ago=30)
    make_arrived(make_series(people.system, tool="CodeQL"), days_ago=1)
    assert cell(people.system).state == "covered"


def test_what_a_cell_says(people: People) -> None:
    system = people.system
    expects(system, Line(CODE, STATIC, 10), Line(CODE, SECRETS, 10))
    assert cell(system).state == "blind"
    assert cell(system, DEPLOY).state == "none"
    make_arrived(make_series(system, tool="kube-bench", stage="deploy"))
    assert cell(system, DEPLOY).state == "extra"
    make_arrived(make_series(system, tool="Semgrep"))
    assert cell(system).state == "partly"
    make_arrived(make_series(system, tool="gitleaks"))
    assert cell(system).state == "covered"


def test_what_does_not_count(people: People) -> None:
    """Previews, a kind at another stage, another system, and a series that was never processed."""
    expects(people.system, Line(CODE, STATIC, 10))
    make_arrived(make_series(people.system, tool="Semgrep", is_preview=True, branch="topic"))
    make_arrived(make_series(people.system, tool="Semgrep", stage="test"))
    make_arrived(make_series(people.other_system, tool="Semgrep"))
    make_series(people.system, tool="CodeQL")
    assert cell(people.system).state == "blind"


def test_a_system_differs_from_its_profile(people: People) -> None:
    system = people.system
    expects(system, Line(CODE, STATIC, 10), Line(CODE, SECRETS, 10))
    exception_set(
        actor=TESTS, system=system, stage="code", kind="secrets", max_age_days=None, reason="None."
    )
    exception_set(
        actor=TESTS, system=system, stage="deploy", kind="tests", max_age_days=3, reason="Often."
    )
    told = cell(system)
    assert [each.line.kind for each in told.expected] == [STATIC]
    assert [row.reason for row in told.waived] == ["None."]
    (own,) = cell(system, DEPLOY).expected
    assert (own.line.max_age_days, own.reason) == (3, "Often.")
    other = cell(people.other_system)
    assert [each.line.kind for each in other.expected] == [STATIC, SECRETS]


def test_gaps_in_words(people: People) -> None:
    system = people.system
    advice = make_guidance(title="Harden what is deployed")
    expects(
        system,
        Line(DEPLOY, EvidenceKind.CONFIGURATION, 30, advice),
        Line(CODE, STATIC, 10),
        Line(CODE, SECRETS, 10),
    )
    (blind,) = gap_sentences(cell(system))
    assert blind.text == (
        "Code of Payments has no evidence yet; expected: static analysis and secret scan."
    )
    make_arrived(make_series(system, tool="kube-bench", stage="deploy"), days_ago=41)
    (late,) = gap_sentences(cell(system, DEPLOY))
    assert late.text == (
        "Deploy of Payments has had no configuration check for 41 days; every 30 are expected."
    )
    assert late.guidance == advice
    make_arrived(make_series(system, tool="Semgrep"))
    (missing,) = gap_sentences(cell(system))
    assert missing.text == "Code of Payments has had no secret scan yet."


def test_defaults_ask_more_of_what_matters_more() -> None:
    by_level = [default_days(level) for level in Criticality]
    for less, more in pairwise(by_level):
        assert set(less) <= set(more)
        assert all(more[where] <= days for where, days in less.items())


def test_an_unknown_tool_counts_after_somebody_said_as_what(people: People) -> None:
    expects(people.system, Line(CODE, STATIC, 10))
    make_arrived(make_series(people.system, tool="Hauslinter 3"))
    assert cell(people.system).state == "blind"
    tool_kind_set(actor=TESTS, tool="hauslinter-3", kind="static-analysis")
    assert cell(people.system).state == "covered"


def test_a_series_that_ended_is_no_evidence(people: People) -> None:
    expects(people.system, Line(CODE, STATIC, 10))
    series = make_series(people.system, tool="Semgrep")
    for days_ago in (24, 23, 22, 21, 20):
        make_arrived(series, days_ago=days_ago)
    silences_sweep()
    assert cell(people.system).state == "late"
    silence_answer(actor=TESTS, silence=series.silences.get(), answer="ended")
    assert cell(people.system).state == "blind"


# --- the API ---------------------------------------------------------------------------------------


def test_who_reads_and_who_says(people: People) -> None:
    path = "/coverage/profiles/medium"
    body: dict[str, Any] = {"expectations": []}
    for person, status in (
        (people.chief, 200),
        (people.admin, 200),
        (people.security, 403),  # of a system; a profile is the organisation's
        (people.viewer, 403),
    ):
        version = as_user(person).get(path)["ETag"]
        assert as_user(person).patch(path, body, if_match=version).status_code == status
    assert Api().get("/coverage").status_code == 401
    assert as_pipeline(people.system).get("/coverage").status_code == 403
    own = [
        row["system"]["key"] for row in as_user(people.viewer).get("/coverage").json()["results"]
    ]
    assert own == ["payments"]
    assert as_user(people.outsider).get("/systems/payments/coverage").status_code == 404
    said = {"stage": "code", "kind": "secrets", "max_age_days": None, "reason": "None there."}
    exceptions = "/systems/payments/coverage/exceptions"
    assert as_user(people.outsider).post(exceptions, said).status_code == 404
    assert as_user(people.architect).post(exceptions, said).status_code == 403
    assert as_user(people.security).post(exceptions, said).status_code == 200


def test_profile_over_the_api(people: People) -> None:
    api, path = as_user(people.chief), "/coverage/profiles/medium"
    first = api.get(path)
    assert (first.json()["is_own"], first["ETag"]) == (False, '"0"')
    line = {"stage": "deploy", "kind": "configuration", "max_age_days": 30}
    told = api.patch(path, {"expectations": [line]}, if_match='"0"')
    assert told.json()["expectations"] == [line | {"guidance": None}]
    late = api.patch(path, {"expectations": []}, if_match='"0"')
    assert late.status_code == 412
    again = api.patch(path, {"expectations": []}, if_match=told["ETag"])
    assert (again.status_code, again.json()["expectations"]) == (200, [])
    assert api.delete(path).status_code == 204
    assert api.get(path).json() == first.json()
    assert api.get("/coverage/profiles/huge").status_code == 404


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"stage": "moon"}, "expectations.0.stage"),
        ({"kind": "luck"}, "expectations.0.kind"),
        ({"kind": "other"}, "kind"),
        ({"max_age_days": 0}, "expectations.0.max_age_days"),
        ({"max_age_days": 99999}, "expectations.0.max_age_days"),
        ({"guidance": "G-999999"}, "expectations.0.guidance"),
        ({"guidance": "RS-1"}, "expectations.0.guidance"),
        ({"colour": "red"}, "expectations.0.colour"),
    ],
)
def test_bad_lines_are_named(people: People, line: dict[str, Any], field: str) -> None:
    good = {"stage": "code", "kind": "secrets", "max_age_days": 7}
    answer = as_user(people.chief).patch(
        "/coverage/profiles/low", {"expectations": [good | line]}, if_match='"0"'
    )
    assert answer.status_code == 400
    assert field in problem_fields(answer)
    assert not profiles()[Criticality.LOW].is_own


def test_a_line_stands_once(people: People) -> None:
    line = {"stage": "code", "kind": "secrets", "max_age_days": 7}
    answer = as_user(people.chief).patch(
        "/coverage/profiles/low", {"expectations": [line, line]}, if_match='"0"'
    )
    assert problem_fields(answer) == {"kind"}


def test_a_system_over_the_api(people: People) -> None:
    expects(people.system, Line(CODE, STATIC, 10), Line(DEPLOY, EvidenceKind.CONFIGURATION, 30))
    make_arrived(make_series(people.system, tool="Semgrep"), days_ago=1)
    told = as_user(people.viewer).get("/systems/payments/coverage").json()
    assert (told["expected"], told["met"]) == (2, 1)
    code = next(each for each in told["stages"] if each["stage"] == "code")
    assert (code["state"], code["wanted"][0]["evidence"][0]["tool"]) == ("covered", "Semgrep")
    deploy = next(each for each in told["stages"] if each["stage"] == "deploy")
    assert deploy["gaps"] == [
        "Deploy of Payments has no evidence yet; expected: configuration check."
    ]


def test_a_pipeline_is_told_of_gaps(people: People) -> None:
    expects(people.system, Line(DEPLOY, EvidenceKind.CONFIGURATION, 30))
    make_arrived(make_series(people.system, tool="kube-bench", stage="deploy"), days_ago=41)
    told = as_pipeline(people.system).get("/systems/payments/stages/deploy/advice").json()
    assert [each["kind"] for each in told["advice"]] == ["stale"]
    assert told["advice"][0]["text"].startswith(
        "Deploy of Payments has had no configuration check for 41 days"
    )
    assert [each["freshness"] for each in told["expected"]] == ["ageing"]

"""What bin/lint audit makes of the answers of pip-audit and npm audit, and of none."""

import json

from bin._local.linting import npm_verdict, python_verdict, together

# As pip-audit 2.10 prints with --format=json, behind its sentence.
CLEAN = {"dependencies": [{"name": "django", "version": "5.2.19", "vulns": []}], "fixes": []}
WEAK = {
    "dependencies": [
        {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-2014-8", "aliases": []}]},
        {"name": "six", "skip_reason": "not found"},
    ]
}


def test_python() -> None:
    said = "No known vulnerabilities found\n"
    assert python_verdict(said + json.dumps(CLEAN)).passed
    weak = python_verdict("Found 1 known vulnerability in 1 package\n" + json.dumps(WEAK))
    assert not weak.passed
    assert weak.text == "jinja2 2.4.1: PYSEC-2014-8"


def test_python_without_an_answer() -> None:
    for text in ("", "ERROR:pip_audit._cli:Could not connect to the vulnerability feed\n"):
        outcome = python_verdict(text)
        assert outcome.passed
        assert outcome.skipped
        assert "cannot be read here" in outcome.text
        assert "\n" not in outcome.text


def test_a_registry_that_knows_no_weaknesses_is_no_all_clear() -> None:
    told = {"dependencies": [*CLEAN["dependencies"], {"name": "six", "skip_reason": "not found"}]}
    outcome = python_verdict(json.dumps(told))
    assert outcome.skipped
    assert outcome.text == "of 1 of 2 Python packages the registry says nothing"


def test_npm() -> None:
    none = {"vulnerabilities": {}, "metadata": {"vulnerabilities": {"total": 0}}}
    assert npm_verdict(json.dumps(none)).passed
    some = {
        "vulnerabilities": {"esbuild": {"severity": "high"}},
        "metadata": {"vulnerabilities": {"total": 1}},
    }
    weak = npm_verdict("npm warn something\n" + json.dumps(some))
    assert (weak.passed, weak.text) == (False, "esbuild: high")


def test_npm_without_an_answer() -> None:
    for text in ("", "npm error audit endpoint returned an error", '{"error": {"code": "E405"}}'):
        assert npm_verdict(text).skipped


def test_what_was_found_counts_where_the_other_was_not_asked() -> None:
    weak, silent = python_verdict(json.dumps(WEAK)), npm_verdict("")
    assert not together([weak, silent]).passed
    assert "jinja2" in together([weak, silent]).text
    both = together([python_verdict(json.dumps(CLEAN)), silent])
    assert both.passed
    assert both.skipped

"""Every task of the workers: what it does to anybody's things is on the trail, or a reason says why not."""

from pathlib import Path

from secops_portal.celery import app

# What is on the trail, and the test that demands its entry.
TOLD = {
    "attachments.sweep": (
        "tests/attachments/test_attachments.py",
        "test_what_no_text_names_goes_after_a_time",
    ),
    "evidence.review_signals": (
        "tests/evidence/test_updates.py",
        "test_signals_by_the_documented_factors",
    ),
    "planning.expire_decisions": (
        "tests/planning/test_services_decisions.py",
        "test_a_decision_holds_through_its_last_day",
    ),
    "scans.ingest": ("tests/scans/test_stories.py", "test_what_happened_is_told_once"),
    "scans.retain": (
        "tests/scans/test_retention.py",
        "test_what_is_older_goes_and_its_findings_stay",
    ),
    "scans.triage": (
        "tests/scans/test_triage.py",
        "test_a_verdict_on_one_finding_and_its_undoing",
    ),
    "sources.pull": (
        "tests/sources/test_runs.py",
        "test_a_run_goes_on_where_the_last_one_ended",
    ),
    "trackers.file": ("tests/trackers/test_trackers.py", "test_a_finding_becomes_one_issue"),
    "trackers.follow": ("tests/trackers/test_trackers.py", "test_its_state_is_followed"),
    "trackers.mirror": ("tests/trackers/test_mirrors.py", "test_an_open_issue_becomes_one_item"),
    "trackers.tell": ("tests/trackers/test_telling.py", "test_a_decision_becomes_one_comment"),
    "trackers.title": (
        "tests/trackers/test_titles.py",
        "test_an_item_gets_the_issues_title_and_address",
    ),
}
_OWN = "forgets what only the portal itself kept, after a time that docs/operations.md says"
_COMPUTED = "computed from what others changed, and computed again at any time"
_SENT = "sends what an entry or an event told; the log of deliveries says what went out"
# What is not: {task: the reason}.
UNTOLD = {
    "accounts.sweep": _OWN,
    "advice.simulate": _COMPUTED,
    "advice.snapshot": _COMPUTED,
    "audit.seal": "is the trail's own",
    "automation.sweep": "tells people what is overdue",
    "common.deliver": _SENT,
    "common.forget_idempotency_keys": _OWN,
    "coverage.sweep": _COMPUTED,
    "notices.forget": _OWN,
    "notices.send": _SENT,
    "outbound.deliver": _SENT,
    "outbound.forget": _OWN,
    "removals.forget": "what was removed was told then, with all that it held",
    "scans.fetch_feeds": "KEV and EPSS are the world's, and nobody's here",
    "scans.sweep": "sends to the workers what is due, and counts",
    "sources.forget_runs": _OWN,
    "sources.sweep": "sends to the workers what is due",
    "trust.forget": _OWN,
}


def test_each_task_is_told_or_says_why_not() -> None:
    """A new task fails here until somebody says which it is."""
    app.loader.import_default_modules()
    tasks = {name for name, task in app.tasks.items() if task.__module__.startswith("apps.")}
    assert tasks == {*TOLD, *UNTOLD}
    assert not TOLD.keys() & UNTOLD.keys()


def test_what_is_told_is_tested() -> None:
    for path, name in TOLD.values():
        source = Path(path).read_text().partition(f"def {name}(")[2]
        assert "AuditEntry" in source.partition("\ndef ")[0], name

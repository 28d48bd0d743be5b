from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.advice.demo.advice import ItemLoader, guidance_load, told_in_order
from apps.advice.demo.automation import automation_load
from apps.advice.demo.controls import controls_load
from apps.advice.demo.coverage import coverage_load
from apps.advice.demo.evidence import reports_load, settle
from apps.advice.demo.files import DemoFiles
from apps.advice.demo.history import history_load
from apps.advice.demo.organisation import Organisation, has_others, is_loaded, may_load
from apps.advice.demo.sources import sources_load
from apps.advice.demo.trackers import trackers_load
from apps.advice.demo.triage import triage_load
from apps.advice.demo.values import past_load, tolerance_load
from apps.advice.portfolio import snapshot
from apps.coverage.services.silence import silences_sweep
from apps.planning.services.decisions import decisions_expire


class Command(BaseCommand):
    help = "Loads the demo's organisation once, through the services and the pipeline that everyone uses."

    def handle(self, *args: Any, **options: Any) -> None:
        if not may_load():
            raise CommandError("The demo's accounts have a published password; not in production.")
        files = DemoFiles(Path(settings.BASE_DIR) / "demo")
        story = files.story()
        if has_others(story):
            self.stdout.write("There are other systems here already; the demo stays out.")
            return
        if not is_loaded(story):
            self._advice(files)
        records = files.reports()
        for number, (record, report) in enumerate(reports_load(records), start=1):
            self._say(f"report {number} of {len(records)}: {record['file']}: {self._told(report)}")
        settle(self._say)
        if rules := triage_load(files.folder, files.story(), files.triage()):
            self._say(f"{rules} rules of findings, owners, a VEX document, EPSS and KEV")
        self._say(f"{silences_sweep()} tools have fallen silent")

    @transaction.atomic
    def _advice(self, files: DemoFiles) -> None:
        """All or nothing, so that a second try after an interruption knows where to go on."""
        organisation = Organisation(files.story())
        self._say(f"{len(organisation.people)} people, {len(organisation.systems)} systems")
        library = {
            article["slug"]: guidance_load(organisation, article) for article in files.guidance()
        }
        self._say(f"{len(library)} pieces of guidance")
        loader = ItemLoader(organisation, library)
        items = [loader.load(system, record) for system, record in files.items()]
        self._say(f"{len(items)} planning items with options, risks and decisions")
        sources = sources_load(organisation, files.story()["sources"])
        self._say(f"{len(sources)} sources, paused")
        mirrored = trackers_load(organisation, files.story()["trackers"])
        self._say(f"{mirrored} issues of a tracker, paused")
        declared = automation_load(organisation, library, items, files.automation())
        self._say(f"{len(declared)} entries of automation")
        controls = controls_load(organisation, library, files.controls())
        self._say(f"{len(controls)} controls")
        folder = files.folder / "threat-models"
        self._say(history_load(organisation, loader.statements, files.history(), folder))
        coverage_load(organisation, files.story()["coverage"])
        tolerance_load(organisation.actor("amara"), files.story()["tolerance"])
        decisions_expire()
        snapshot()
        past_load()
        told_in_order()

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    @staticmethod
    def _told(report: Any) -> str:
        if report.state != "processed":
            return f"{report.state} ({report.error_message})"
        return f"{report.new} new, {report.unchanged} unchanged, {report.fixed} fixed"

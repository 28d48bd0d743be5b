"""How many queries the pages make that people read most: few, and no more for more rows."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import System
from apps.evidence.services.links import link_create
from apps.scans.models import Finding
from tests.conftest import People
from tests.factories import make_item, make_option, make_question, make_statement, make_system
from tests.factories.people import actor_of
from tests.factories.scans import make_arrived, make_finding, make_series
from tests.pages import signed_in

# Four are everybody's: the session, the person, their roles, their notices. A page of many parts asks which
# of them have anything, and then reads each of those.
MOST = {
    "/": 13,  # two piles wait: questions, and options that are weighed
    "/planning/": 12,
    "/planning/?view=board": 12,
    "/planning/{item.key}/": 12,
    "/risks/{statement.key}/": 12,
    "/portfolio/": 12,
    "/risks/": 12,
    "/risks/?evidence=open": 12,
    "/guidance/": 12,
    "/systems/": 12,
    "/systems/{system.key}/": 12,
    "/findings/": 12,
    "/findings/?severity=3&q=query": 12,
    "/findings/?q=CVE-2024-99999&state=any": 12,
    "/findings/{finding.pk}/": 12,
    "/reports/": 12,
    "/coverage/": 12,
    "/settings/": 12,
}


class Portal:
    """What the pages show; each `grow` adds to every list."""

    def __init__(self, people: People) -> None:
        self.chief, self.system = people.chief, people.system
        self.item = make_item(self.system, status="open")
        self.statement = make_statement(self.item, published=True)
        self.finding = self._finding(self.system)

    def grow(self) -> None:
        for system in (self.system, make_system()):
            found = self._finding(system)
            item = self.item if system == self.system else make_item(system, status="open")
            make_question(item)
            draft = make_statement(item, option=make_option(item))
            link_create(actor=actor_of(self.chief), statement=draft, finding=found)
        for found in (self.finding, self._finding(self.system)):
            link_create(actor=actor_of(self.chief), statement=self.statement, finding=found)

    def _finding(self, system: System) -> Finding:
        series = make_series(system)
        return make_finding(series=series, since=make_arrived(series))

    def queries(self) -> dict[str, int]:
        client = signed_in(self.chief)
        return {path: _queries(client, path.format(**vars(self))) for path in MOST}


def test_queries_of_pages_are_few_and_do_not_grow_with_what_they_show(people: People) -> None:
    portal = Portal(people)
    portal.grow()
    signed_in(portal.chief).get("/portfolio/")  # simulates what it is worth, and keeps that
    few = portal.queries()
    portal.grow()
    assert portal.queries() == few
    assert {path: number for path, number in few.items() if number > MOST[path]} == {}


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    return len(captured)

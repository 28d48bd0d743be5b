"""Dependency-Track: the findings of one project, as its own export gives them.

Source: Dependency-Track REST API, GET /api/v1/finding/project/{uuid}/export (File Packaging Format).
The key needs VIEW_VULNERABILITY and goes as X-Api-Key (a credential of the kind header).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import inner, text
from apps.sources.connectors.paging import address, expect_list
from apps.sources.connectors.types import Connector, Context, Found

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class DependencyTrackFindings(Connector):
    slug = "dependency-track"
    name = "Dependency-Track"
    summary = "The findings of one project, with their analysis."
    fields = (
        Field("url", "Server", "url", help="https://dtrack.example.org"),
        Field("project", "Project", pattern=_UUID, help="Its UUID, from the address of its page."),
    )
    credentials = frozenset({"header", "bearer"})
    needs_credential = True
    stages = ("build", "release")

    def pull(self, context: Context) -> Iterator[Found]:
        headers = {"Accept": "application/json"}
        with context.http.open(self._url(context.config), headers=headers) as answer:
            yield Found(
                chunks=answer.chunks(),
                cursor={},
                is_live=True,
                filename="dependency-track.fpf.json",
                format="dependency-track-fpf",
            )

    def probe(self, context: Context) -> str:
        data, _ = context.http.json(self._url(context.config))
        if not text(data, "project", "name"):
            raise OutgoingFailed(errors.CONTENT, "The answer is no export of a project.")
        count = len(expect_list(inner(data, "findings"), "findings"))
        return f"{text(data, 'project', 'name')[:100]} has {count} findings."

    def _url(self, config: Mapping[str, Any]) -> str:
        base = str(config["url"])
        return address(base, "api", "v1", "finding", "project", str(config["project"]), "export")

"""Artifacts of GitHub Actions: the report files inside each new one."""

from collections.abc import Iterator
from typing import Any

from apps.sources.connectors import archives
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import inner, number, text
from apps.sources.connectors.github import API, HEADERS, REPOSITORY, below
from apps.sources.connectors.paging import expect_list, expect_objects, linked_pages
from apps.sources.connectors.types import Connector, Context, Found

MAX_LISTED = 1000


class ActionsArtifacts(Connector):
    slug = "github-artifacts"
    name = "GitHub Actions artifacts"
    summary = "Report files that workflows keep as artifacts; workflows stay as they are."
    fields = (
        API,
        REPOSITORY,
        Field("artifact", "Artifact's name", help="As in upload-artifact: security-reports"),
        Field("pattern", "Files inside", default="*", help="Such as *.sarif"),
        Field("branch", "Only of branch", required=False),
        Field(
            "history", "How many at first", "number", default=10, low=1, high=200,
            help="Of those that are there already, the newest.",
        ),
    )  # fmt: skip
    credentials = frozenset({"bearer"})
    needs_credential = True

    def pull(self, context: Context) -> Iterator[Found]:
        """Files of new artifacts, the oldest artifact first."""
        new = self._new(context)
        # Those that were there before the first run and were not asked for stay out for good.
        floor = context.cursor.get("floor") or min((number(e, "id") or 0 for e in new), default=0)
        for artifact in new:
            yield from self._files(context, artifact, {"floor": floor})

    def probe(self, context: Context) -> str:
        url = below(
            context.config, "actions", "artifacts", per_page=1, name=context.config["artifact"]
        )
        data, _ = context.http.json(url, headers=HEADERS)
        expect_list(inner(data, "artifacts"), "artifacts")
        return f"{number(data, 'total_count') or 0} artifacts of this name are there."

    def _new(self, context: Context) -> list[dict[str, Any]]:
        """Listed from the newest on, until a page has nothing new."""
        config, new, seen = context.config, list[dict[str, Any]](), 0
        floor = number(context.cursor, "floor") or 0
        url = below(config, "actions", "artifacts", per_page=100, name=config["artifact"])
        for page, _ in linked_pages(context, url, HEADERS):
            found = [
                each
                for each in expect_objects(inner(page, "artifacts"), "artifacts")
                if (number(each, "id") or 0) >= max(floor, 1) and each.get("expired") is not True
            ]
            branch = str(config["branch"])
            if branch:
                found = [e for e in found if text(e, "workflow_run", "head_branch") == branch]
            known = context.known([_done(context, each) for each in found])
            fresh = [each for each in found if _done(context, each) not in known]
            new += fresh
            seen += len(found)
            if (not fresh and (found or floor)) or seen >= MAX_LISTED:
                break
            if not floor and len(new) >= int(config["history"]):
                break
        if not floor:
            new = new[: int(config["history"])]
        return sorted(new, key=lambda each: number(each, "id") or 0)

    def _files(
        self, context: Context, artifact: dict[str, Any], cursor: dict[str, Any]
    ) -> Iterator[Found]:
        number_ = text(artifact, "id")
        url = below(context.config, "actions", "artifacts", number_, "zip")
        with context.http.open(url, headers=HEADERS) as answer:
            for member in archives.members(answer.chunks(), str(context.config["pattern"])):
                key = f"{_done(context, artifact)} {member.name}"
                if context.known([key]):
                    continue
                yield Found(
                    chunks=member.chunks,
                    cursor=cursor,
                    key=key,
                    filename=member.name.rsplit("/", 1)[-1],
                    branch=text(artifact, "workflow_run", "head_branch"),
                    commit=text(artifact, "workflow_run", "head_sha"),
                )
        yield Found(chunks=(), cursor=cursor, key=_done(context, artifact), is_mark=True)


def _done(context: Context, artifact: dict[str, Any]) -> str:
    """Marks an artifact whose files were all taken; its number is a server's own."""
    return f"{context.config['url']} artifact {text(artifact, 'id')}"

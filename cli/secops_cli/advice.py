"""`secops advice`: what the portal advises on a stage, for people, a summary or a code host."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secops_cli.errors import Trouble, WrongUse
from secops_cli.portal import Portal

LISTED = 20


@dataclass(frozen=True)
class Place:
    """branch: empty, the default one. since: a commit that was reported."""

    system: str
    stage: str
    branch: str = ""
    since: str = ""


def place_of_report(portal: Portal, uid: str, wait: float) -> Place:
    """Where a report belongs, once it is processed. Raises: Trouble."""
    return _place(portal.processed(portal.report(uid), wait))


def place_of_commit(portal: Portal, asked: Place, commit: str, wait: float) -> Place:
    """Where the newest report of a commit belongs; all of them are waited for. Raises: Trouble."""
    rows = [
        each
        for each in portal.newest_reports(asked.system, asked.stage)
        if each["commit"].lower().startswith(commit.lower())
    ]
    if not rows:
        raise Trouble(
            f"No report of commit {commit[:12]} is at the portal for this stage. Post one first, or leave "
            "--commit out."
        )
    done = [portal.processed(each, wait) for each in rows]
    return Place(asked.system, asked.stage, asked.branch or done[0]["branch"], asked.since)


def _place(report: Mapping[str, Any]) -> Place:
    if not report["stage"]:
        raise WrongUse("The report belongs to no stage, since it could not be read.")
    return Place(report["system"]["key"], report["stage"], report["branch"])


def shown(portal: Portal, place: Place, kind: str) -> str:
    """Text, markdown, sarif or json."""
    if kind == "text":
        return text_of(told(portal, place), portal.address)
    answer = portal.advice(place.system, place.stage, kind, place.branch, place.since)
    return answer.body.decode()


def told(portal: Portal, place: Place) -> dict[str, Any]:
    answer = portal.advice(place.system, place.stage, "json", place.branch, place.since)
    return dict(answer.json())


def text_of(advice: Mapping[str, Any], address: str) -> str:
    """For a terminal and the log of a job."""
    lines = [f"{advice['system']['name']}, {advice['stage']}: advice"]
    lines += [f"  - {each['text']}" for each in advice["advice"]] or [
        "  Nothing new, nothing missing."
    ]
    if advice["risks"]:
        currency = advice["risks"][0]["currency"]
        total = f"{float(advice['expected_annual_loss']):,.0f} {currency}"
        lines += ["", f"Risks carried here: {total} a year on average"]
        lines += [
            f"  {float(each['expected_annual_loss']):>14,.0f}  {each['key']}  {each['condition']}"
            for each in advice["risks"][:LISTED]
        ]
    if advice["new"]:
        since = f" {advice['new_since']}" if advice.get("new_since") else ""  # of an older portal
        lines += ["", f"New findings{since}: {advice['new_count']}"]
        lines += [f"  {_finding(each)}" for each in advice["new"][:LISTED]]
    if advice["guidance"]:
        lines += ["", "Guidance:"]
        lines += [f"  {each['title']}  {address}{each['url']}" for each in advice["guidance"]]
    lines += ["", "This is advice. What follows from it, your pipeline and its owner decide."]
    return "\n".join(_plain(line) for line in lines) + "\n"


def _finding(each: Mapping[str, Any]) -> str:
    where = f"  {each['place']}" if each["place"] else ""
    return f"{each['severity']:<8}  {each['title']}{where}"


def _plain(line: str) -> str:
    """SECURITY: what tools wrote must not steer a terminal, nor be taken for a command of the CI system."""
    return "".join(each if each.isprintable() else " " for each in line)

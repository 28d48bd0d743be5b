"""From the command line to an exit code."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from secops_cli.advice import Place, place_of_commit, place_of_report, shown, told
from secops_cli.arguments import parser_of
from secops_cli.errors import Trouble, WrongUse
from secops_cli.portal import Portal
from secops_cli.progress import say
from secops_cli.proof import token_of
from secops_cli.rule import Rule, rule_of
from secops_cli.surroundings import job_of
from secops_cli.tries import Patience
from secops_cli.upload import Upload, failures, files_of, upload_all
from secops_cli.wire import checked_address

DONE, FITS, WRONG, TROUBLE = 0, 1, 2, 3


def run() -> None:
    sys.exit(main(sys.argv[1:], os.environ))


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    given = parser_of(env).parse_args(arguments)
    try:
        rules = [rule_of(text) for text in given.exit_on]
        return COMMANDS[given.command](given, env, rules)
    except WrongUse as error:
        say(str(error))
        return WRONG
    except Trouble as error:
        say(str(error))
        return DONE if given.lenient else TROUBLE
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


def upload(given: argparse.Namespace, env: Mapping[str, str], rules: Sequence[Rule]) -> int:
    if given.no_wait and rules:
        raise WrongUse("--exit-on needs the report processed; leave out --no-wait.")
    _needs(given, "system")
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(given.files, Path(folder))
        portal = _portal(given, env)
        names = ("system", "stage", "format", "tool", "category", "branch", "commit", "environment")
        said = {name: str(getattr(given, name)) for name in names}
        said["full"] = "false" if given.partial else "true"
        wait = 0.0 if given.no_wait else given.wait
        reports = upload_all(portal, Upload(said, given.run, given.category_from_name, wait), files)
    if given.json:
        print(json.dumps(reports, indent=2))
    if failed := failures(reports):
        raise failed
    stages = dict.fromkeys(str(each["stage"]) for each in reports)
    places = [Place(given.system, stage, given.branch) for stage in stages]
    return _judged(rules, [told(portal, place) for place in places] if rules else [])


def advice(given: argparse.Namespace, env: Mapping[str, str], rules: Sequence[Rule]) -> int:
    if not given.report:
        _needs(given, "system", "stage")
    portal = _portal(given, env)
    place = Place(given.system, given.stage, given.branch, given.since)
    if given.report:
        place = place_of_report(portal, given.report, given.wait)
    elif given.commit:
        place = place_of_commit(portal, place, given.commit, given.wait)
    text = shown(portal, place, given.kind)
    if given.output == "-":
        sys.stdout.write(text)
    else:
        with Path(given.output).open("a" if given.append else "w", encoding="utf-8") as file:
            file.write(text)
    return _judged(rules, [told(portal, place)] if rules else [])


def token(given: argparse.Namespace, env: Mapping[str, str], _rules: Sequence[Rule]) -> int:
    """For `SECOPS_TOKEN=$(secops token)`; alone on standard output."""
    print(_portal(given, env).token)
    return DONE


COMMANDS: dict[str, Callable[[argparse.Namespace, Mapping[str, str], Sequence[Rule]], int]] = {
    "upload": upload,
    "advice": advice,
    "token": token,
}


def _judged(rules: Sequence[Rule], advices: Sequence[Mapping[str, Any]]) -> int:
    for each in advices:
        for rule in rules:
            if rule.fits(each):
                say(f"Your rule fits: {rule.text} ({each['system']['key']}, {each['stage']}).")
                return FITS
    return DONE


def _portal(given: argparse.Namespace, env: Mapping[str, str]) -> Portal:
    """Raises: WrongUse, Trouble."""
    if not given.portal:
        raise WrongUse("Say where the portal is: SECOPS_PORTAL or --portal https://...")
    if given.tries < 1 or given.wait <= 0:
        raise WrongUse("--tries is at least 1, and --wait more than 0.")
    address = checked_address(given.portal, plain_http=given.plain_http)
    first = float(env.get("SECOPS_FIRST_PAUSE", "1"))
    patience = Patience(tries=given.tries, first=first, tell=say)
    token, is_fresh = token_of(env, address, given.system, patience)
    if is_fresh and job_of(env).log_mask:
        print(f"::add-mask::{token}", file=sys.stderr)
    return Portal(address, token, patience)


def _needs(given: argparse.Namespace, *names: str) -> None:
    for name in names:
        if not getattr(given, name):
            raise WrongUse(f"Say which {name}: SECOPS_{name.upper()} or --{name}.")

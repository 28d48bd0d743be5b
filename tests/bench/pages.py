"""How long pages take on the server at a stated number of findings, and how many queries each makes.

Every page is asked for through Django's test client, in this process: routing, middleware, permission, queries and
template, without the network and without a browser. Values are the 95th percentile; the medians, the queries and the
processor's milliseconds of this process and its session of PostgreSQL, on the average, are cases of their own. A page's
first request, which fills caches, is left out.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import django

FINDINGS = (10_000, 1_000_000)
STATEMENTS = 10_000
REQUESTS = 40


def addresses(made: dict[str, Any]) -> dict[str, str]:
    """The pages, by the name of their case."""
    finding, system, item = made["finding"], made["system"], made["item"]
    return {
        "home": "/",
        "planning": "/planning/",
        "board": "/planning/?view=board",
        "item": f"/planning/PI-{item}/",
        "risk": f"/risks/RS-{made['statement']}/",
        "portfolio": "/portfolio/",
        "guidance": "/guidance/?q=secrets",
        "systems": "/systems/",
        "system": f"/systems/{system}/",
        "findings": "/findings/",
        "findings-filtered": f"/findings/?severity=4&system={system}",
        "findings-searched": "/findings/?q=weakness+17",
        # What few of a million have, and what none has.
        "findings-rare-cve": "/findings/?q=CVE-2024-99999&state=any",
        "findings-rare-text": "/findings/?q=zebra&state=any",
        "findings-no-text": "/findings/?q=giraffe",
        "findings-two-letters": "/findings/?q=qx",
        "findings-rare-cwe": "/findings/?cwe=1321&state=any",
        "findings-kev": "/findings/?exploit=kev&state=any",
        "findings-second-page": f"/findings/?cwe=30&after=2-{finding}",
        "finding": f"/findings/{finding}/",
        "groups": "/findings/groups/",
        "reports": "/reports/",
        "coverage": "/coverage/",
        "search": "/search/?q=weakness",
        "search-put-right": "/search/?q=weaknes+quetsion",
        "palette": "/palette/?q=part",
        "palette-key": f"/palette/?q=PI-{item}&at=/planning/PI-{item}/",
    }


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/bench pages")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--findings", default=",".join(map(str, FINDINGS)), help="10000,1000000")
    parser.add_argument("--statements", type=int, default=STATEMENTS)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "secops_portal.settings",
            "SECOPS_STATIC_ROOT": folder,
        }
        os.environ.setdefault("SECRET_KEY", "bench" * 12)
        django.setup()
        _measure(options)
    return 0


def _measure(options: argparse.Namespace) -> None:
    from django.core.management import call_command
    from django.test.client import ClientHandler

    from apps.common.loading import load_all
    from tests.bench.report import show

    call_command("collectstatic", interactive=False, verbosity=0)
    # As secops_portal.wsgi does, and one for all pages: a client with its own loads the middleware again, whose
    # thousands of objects the garbage collector then walks over in the middle of some page.
    handler = ClientHandler(enforce_csrf_checks=False)
    handler.load_middleware()
    load_all()
    cases = []
    for number in map(int, options.findings.split(",")):
        cases += _cases(handler, number, options.statements)
    show("pages", cases, as_json=options.json)


def _cases(handler: Any, findings: int, statements: int) -> list[Any]:
    from django.core.cache import cache
    from django.core.management import call_command

    from tests.bench.populate import organisation

    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    cache.clear()
    made = organisation(findings, statements)
    cases = []
    for who in ("chief", "one"):
        for page, path in addresses(made).items():
            cases += _page(handler, f"{page}-{who}-{findings}", path, made[who])
    return cases


def _page(handler: Any, name: str, path: str, user: Any) -> list[Any]:
    from django.db import connection
    from django.test import Client

    from tests.bench.report import measured
    from tests.bench.work import our_work

    client = Client(SERVER_NAME="localhost")
    client.handler = handler
    client.force_login(user)
    _settled(client, path)
    queries: list[str] = []

    def counted(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(counted):
        client.get(path)
    times, began_work = [], our_work()
    for _ in range(REQUESTS):
        began = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - began) * 1000)
    work = (our_work() - began_work) * 1000 / REQUESTS
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return [
        measured(f"{name}-p95", "ms", [statistics.quantiles(times, n=20)[-1]] * 1),
        measured(f"{name}-p50", "ms", times),
        measured(f"{name}-cpu", "ms", [work]),
        measured(f"{name}-queries", "queries", [len(queries)]),
        measured(f"{name}-html", "kB", [len(answer.content) / 1000]),
    ]


def _settled(client: Any, path: str) -> None:
    """The first request; what it leaves to a worker is done here and now."""
    from apps.advice import simulation

    simulation.QUICK, quick = 10**12, simulation.QUICK
    try:
        client.get(path)
    finally:
        simulation.QUICK = quick


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

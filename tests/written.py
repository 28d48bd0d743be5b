"""What a request writes, whatever it is called and answers: for tests that walk all routes."""

import json
import re
from typing import Any

from django.db import connection

from apps.accounts.api.reference import schema as description
from tests.accounts.test_routes import BODIES

# What a request writes beside its work: who was here, and answers that are kept for repeats.
BESIDE = {
    "accounts_apitoken",
    "accounts_personsession",
    "common_idempotencyrecord",
    "django_session",
}


def examples() -> dict[tuple[str, str], Any]:
    """{(method, path with its words as {}): the body that the reference shows}."""
    found = {}
    for path, methods in description()["paths"].items():
        for method, said in methods.items():
            for content in said.get("requestBody", {}).get("content", {}).values():
                for each in content.get("examples", {}).values():
                    found[method, re.sub(r"{\w+}", "{}", path)] = each["value"]
    return found


def written() -> dict[str, int]:
    """Rows that this transaction wrote so far, by table, as PostgreSQL counts them; also those taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
        )
        return dict(cursor.fetchall())


def asked(method: str, route: str, examples: dict[tuple[str, str], Any]) -> tuple[Any, ...]:
    """What is sent: the reference's example to the API, an empty form to a page."""
    if method == "delete":
        return ()
    if not route.startswith("api/"):
        return ({},)
    shown = examples.get((method, "/" + re.sub(r"<\w+:\w+>", "{}", route)))
    return (json.dumps(shown) if shown else BODIES.get(route, "{}"), "application/json")

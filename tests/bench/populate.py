"""An organisation of a stated size, made by multiplying rows that the services made, in the database.

Every copy has its own numbers and texts where lists, searches and groups look at them; whatever the services would
have written besides (audit, events) is left out, because no page of the bench reads it.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models

SYSTEMS = 20
STAGES = ("plan", "code", "build", "test", "release", "deploy", "operate", "monitor")
_RULES = 400  # different rules, and as many vulnerabilities, among the findings


def multiply(
    model: type[models.Model], pk: int, times: int, changes: Mapping[str, str], source: str = ""
) -> None:
    """Insert `times` copies of a row. changes: SQL for columns, in which `n` counts from 1.

    source: another FROM clause that gives `n`, joined with the row as `t`.
    """
    fields = [each for each in model._meta.local_concrete_fields if not each.generated]
    columns = [str(each.column) for each in fields if each.column != "id" or "id" in changes]
    chosen = [changes.get(column, f't."{column}"').replace("%", "%%") for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) SELECT {", ".join(chosen)} FROM "{table}" t '  # noqa: S608
            f'CROSS JOIN {source or f"generate_series(1, {int(times)}) AS n"} WHERE t."{key}" = %s',
            [pk],
        )


def organisation(findings: int, statements: int) -> dict[str, Any]:
    """Fill an empty database. Returns what the pages of the bench are asked for: people and keys."""
    from apps.accounts.roles import Role
    from apps.scans.services.groups import groups_make
    from apps.scans.services.texts import texts_keep_due
    from tests.factories import make_guidance, make_member, make_system, make_user

    systems = [make_system(f"bench-{n}", f"System {n}") for n in range(SYSTEMS)]
    chief = make_user("Chief of all", role=Role.SECURITY)
    one = make_member(systems[3], Role.ARCHITECT, "Architect of one")
    for number in range(40):
        make_guidance(published=True, title=f"How to keep secrets out of images, part {number}")
    finding = _findings(systems, findings)
    _rarities()
    texts_keep_due(len(systems) * len(STAGES))
    for system in systems:
        groups_make(system.pk)
    statement = _statements(systems, statements)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {
        "chief": chief,
        "one": one,
        "system": systems[3].key,
        "finding": finding,
        "statement": statement.pk,
        "item": statement.item_id,
    }


def _findings(systems: list[Any], total: int) -> int:
    """Spread over a series of every system and stage; three in ten are fixed or settled.

    Returns the number of one of the fourth system.
    """
    from apps.scans.models import Finding, FindingDetail, Presence, Series
    from apps.scans.services.counts import counts_refresh
    from tests.factories.scans import make_arrived, make_finding, make_series

    each = max(total // (len(systems) * len(STAGES)), 2)
    for system in systems:
        for stage in STAGES:
            series = make_series(system, stage=stage, tool=f"scanner of {stage}")
            first = make_finding(series=series, since=make_arrived(series))
            multiply(
                Finding,
                first.pk,
                each - 1,
                {
                    "fingerprint": "sha256(convert_to(t.series_id || ':' || n, 'UTF8'))",
                    "content_hash": "decode(md5(t.series_id || '.' || n), 'hex')",
                    "severity": "n % 5",
                    "state": "(ARRAY['open','open','open','open','open','open','open','fixed',"
                    "'accepted','false_positive'])[1 + n % 10]",
                    "is_present": "n % 10 <> 7",
                    "rule_id": f"'rule-' || n % {_RULES}",
                    "title": f"'Weakness ' || n % {_RULES} || ' in a request of the shop'",
                    "path": "'app/part' || n % 300 || '/views.py'",
                    "place": "'app/part' || n % 300 || '/views.py:' || n",
                    "line": "n",
                    "cwes": "ARRAY[20 + n % 90]",
                    "vulnerabilities": f"CASE WHEN n % 2 = 0 THEN ARRAY['CVE-2025-' || 1000 + n % {_RULES}]"
                    " ELSE '{}' END",
                    "first_seen_at": "t.first_seen_at - n % 200 * interval '1 day'",
                },
            )
            counts_refresh(series.pk)
    template = Finding.objects.order_by("pk").first()
    assert template is not None
    others = "(SELECT id AS n FROM scans_finding f WHERE NOT EXISTS (SELECT 1 FROM {0} d WHERE d.finding_id = f.id)) c"
    multiply(
        FindingDetail,
        template.pk,
        0,
        {"finding_id": "c.n"},
        others.format("scans_findingdetail"),
    )
    presence = Presence.objects.get(finding=template)
    newest = (
        "(SELECT f.id AS n, f.series_id, s.newest_report_id FROM scans_finding f JOIN scans_series s ON s.id = "
        "f.series_id WHERE NOT EXISTS (SELECT 1 FROM scans_presence d WHERE d.finding_id = f.id)) c"
    )
    multiply(
        Presence,
        presence.pk,
        0,
        {"finding_id": "c.n", "series_id": "c.series_id", "since_id": "c.newest_report_id"},
        newest,
    )
    assert Series.objects.count() == len(systems) * len(STAGES)
    return int(Finding.objects.filter(system=systems[3])[0].pk)


def _rarities() -> None:
    """What one in a hundred thousand findings has: words, a weakness, a CVE that is known to be exploited."""
    from apps.scans.models import KevEntry

    names = ["CVE-2024-99999", *(f"CVE-2020-{10_000 + number}" for number in range(1500))]
    KevEntry.objects.bulk_create([KevEntry(cve=name, added="2024-01-01") for name in names])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scans_finding SET title = 'Zebra crossing', cwes = ARRAY[1321], "
            "vulnerabilities = ARRAY['CVE-2024-99999'] WHERE id % 111111 = 7"
        )


def _statements(systems: list[Any], total: int) -> Any:
    """Published, on items of every system and stage, five an item. Returns one of the fourth system."""
    from apps.planning.models import PlanningItem
    from apps.risks.models import RiskRevision, RiskStatement
    from tests.factories import make_item, make_statement

    statement = make_statement(make_item(systems[3], status="open"), published=True)
    system_of = f"(ARRAY[{', '.join(str(each.pk) for each in systems)}])[1 + n % {len(systems)}]"
    stages = ", ".join(f"'{each}'" for each in STAGES)
    multiply(
        PlanningItem,
        statement.item_id,
        max(total // 5, 1),
        {
            "system_id": system_of,
            "stage": f"(ARRAY[{stages}])[1 + n % {len(STAGES)}]",
            "title": "'Where does part ' || n || ' keep its files?'",
        },
    )
    items = (
        "(SELECT i.id AS item, i.system_id AS system, n FROM planning_planningitem i "  # noqa: S608  # our own numbers
        f"CROSS JOIN generate_series(1, 5) AS n WHERE i.id <> {statement.item_id} LIMIT {total}) c"
    )
    draft = {"state": "'draft'", "published_id": "NULL::bigint"}
    multiply(
        RiskStatement,
        statement.pk,
        0,
        draft | {"item_id": "c.item", "system_id": "c.system", "option_id": "NULL::bigint"},
        items,
    )
    assert statement.published is not None
    multiply(
        RiskRevision,
        statement.published.pk,
        0,
        {"statement_id": "c.n"},
        "(SELECT id AS n FROM risks_riskstatement WHERE published_id IS NULL) c",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE risks_riskstatement s SET state = 'published', published_id = r.id "
            "FROM risks_riskrevision r WHERE r.statement_id = s.id AND s.published_id IS NULL"
        )
    return statement

"""Taking rows away so that they can come back: kept by set statements, however many hang on one.

Who may do so the caller has asked: apps/accounts stands above this.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps as installed
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, models, transaction
from django.db.models.deletion import Collector
from django.utils import timezone
from psycopg2 import sql

from apps.audit.rows import made
from apps.audit.services import record
from apps.common import sealing
from apps.common.errors import Conflict, Missing
from apps.common.types import ActorLike
from apps.removals.kinds import Kind, kinds
from apps.removals.models import KEPT, Removal, RemovedRow

logger = logging.getLogger(__name__)
SEALED = "sealed"  # how the names of columns end that hold secrets (apps/common/sealing.py)
_KEEP = sql.SQL(
    "INSERT INTO removals_removedrow (removal_id, model, pointer, content) "
    "SELECT %s, %s, '', to_jsonb(going) FROM {table} going WHERE {key} = ANY(%s) ORDER BY {key}"
)
_NOTE = sql.SQL(
    "INSERT INTO removals_removedrow (removal_id, model, pointer, content) "
    "SELECT %s, %s, %s, jsonb_build_object('key', {key}, 'to', {column}) "
    "FROM {table} WHERE {key} = ANY(%s)"
)
_PUT_BACK = sql.SQL(
    "INSERT INTO {table} ({columns}) SELECT {values} FROM ("
    "SELECT (jsonb_populate_record(NULL::{table}, held.content)).* FROM removals_removedrow held "
    "WHERE held.removal_id = %s AND held.model = %s AND held.pointer = '' ORDER BY held.id"
    ") kept WHERE {belongs} {clash}"
)
_POINT_BACK = sql.SQL(
    "UPDATE {table} SET {column} = (held.content->>'to')::bigint FROM removals_removedrow held "
    "WHERE held.removal_id = %s AND held.model = %s AND held.pointer = %s "
    "AND {table}.{key} = (held.content->>'key')::bigint AND {table}.{column} IS NULL"
)


@transaction.atomic
def removal_make(
    *,
    actor: ActorLike,
    kind: str,
    row: models.Model,
    label: str = "",
    system_id: int | None = None,
) -> Removal:
    """Take a row away with everything that hangs on it, and keep all of it for KEPT.

    The row is locked first: nothing begins to hang on it meanwhile, and of two who press at once one does it.
    Raises: Missing where somebody else was there first.
    """
    row = _locked(row)
    collector = Collector(using=DEFAULT_DB_ALIAS, origin=row)
    collector.collect([row])
    removal = Removal.objects.create(
        kind=kinds()[kind].name,
        object_id=row.pk,
        label=(label or str(row))[:300],
        system_id=system_id,
        removed_by_id=actor.user_id,
    )
    going = _going(collector)
    with connection.cursor() as cursor:
        for model in _parents_first(going):
            cursor.execute(_KEEP.format(**_names(model)), [removal.pk, _name(model), going[model]])
        for field, keys in _pointing(collector, going):
            statement = _NOTE.format(**_names(field.model), column=sql.Identifier(field.column))
            cursor.execute(statement, [removal.pk, _name(field.model), field.column, keys])
    collector.delete()
    return removal


@transaction.atomic
def removal_put_back(*, actor: ActorLike, removal: Removal) -> models.Model:
    """The row as it was, with what hung on it as far as what that belongs to is still there.

    Raises: Conflict when it is back already, its time is over, another has its place, or what it
    belonged to is gone.
    """
    held = Removal.objects.select_for_update().filter(pk=removal.pk).first()
    if held is None or held.ends_at <= timezone.now():
        raise Conflict(f"This is undone within {KEPT.days} days only; it is gone for good.")
    if held.restored_at is not None:
        raise Conflict("It was put back already.")
    kind = kinds()[held.kind]
    row = _put_back(held, kind)
    held.restored_at = timezone.now()
    held.save(update_fields=["restored_at"])
    record(
        actor=actor,
        action=f"{held.kind}.restore",
        target=row,
        system_id=held.system_id,
        changes=made(row),
    )
    kind.returned(actor, row)
    held.rows.all().delete()
    return row


@transaction.atomic
def removal_forget(*, actor: ActorLike, removal: Removal) -> None:
    """Gone for good, now: no undo, and no secret of it, sealed or not. Raises: Conflict."""
    held = Removal.objects.select_for_update().filter(pk=removal.pk, restored_at=None).first()
    if held is None:
        raise Conflict("It is kept no longer.")
    record(
        actor=actor,
        action="removal.forget",
        target=held,
        system_id=held.system_id,
        changes={"kind": held.kind, "object": held.object_id},
    )
    held.delete()


def removals_forget_old() -> int:
    """What nobody wanted back in time. Returns how many."""
    old = Removal.objects.filter(removed_at__lte=timezone.now() - KEPT)
    with transaction.atomic():
        RemovedRow.objects.filter(removal__in=old).delete()
        return old.delete()[1].get(Removal._meta.label, 0)  # noqa: SLF001  # public in practice


def removals_reseal() -> tuple[int, int]:
    """Secrets of what can come back, under the newest key, as apps/common/resealing.py does it."""
    done = lost = 0
    for pk in RemovedRow.objects.filter(_has_secret()).values_list("pk", flat=True):
        with transaction.atomic():
            row = RemovedRow.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            try:
                row.content |= _resealed(row.content)
            except InvalidToken:
                logger.warning("no key opens the secret of %s", row)
                lost += 1
                continue
            row.save(update_fields=["content"])
            done += 1
    return done, lost


def _sealed_columns() -> set[str]:
    return {
        str(field.column)
        for model in installed.get_models()
        for field in model._meta.concrete_fields  # noqa: SLF001  # public in practice
        if isinstance(field, models.BinaryField) and str(field.column).endswith(SEALED)
    }


def _has_secret() -> models.Q:
    return models.Q(content__has_any_keys=sorted(_sealed_columns()))


def _resealed(values: Mapping[str, Any]) -> dict[str, str]:
    r"""The sealed ones of a row's values anew; PostgreSQL says bytes as "\x" and digits."""
    return {
        name: "\\x" + sealing.reseal(bytes.fromhex(values[name].removeprefix("\\x"))).hex()
        for name in _sealed_columns() & values.keys()
        if values[name]
    }


def _locked(row: models.Model) -> models.Model:
    rows = type(row)._base_manager.select_for_update(of=("self",))  # noqa: SLF001  # public in practice
    found: models.Model | None = rows.filter(pk=row.pk).first()
    if found is None:
        raise Missing("It is gone already: somebody took it away at the same moment.")
    return found


def _going(collector: Collector) -> dict[type[models.Model], list[int]]:
    """Keys of everything that a deletion takes along, by model."""
    going: dict[type[models.Model], set[int]] = {}
    for model, rows in collector.data.items():
        going.setdefault(model, set()).update(row.pk for row in rows)
    fast: list[Any] = collector.fast_deletes  # querysets
    for found in fast:
        going.setdefault(found.model, set()).update(found.values_list("pk", flat=True))
    return {model: sorted(keys) for model, keys in going.items() if keys}


def _pointing(
    collector: Collector, going: Mapping[type[models.Model], Collection[int]]
) -> Iterator[tuple[Any, list[int]]]:
    """Fields that a deletion sets to nothing, and the keys of the rows that stay."""
    updates: Mapping[Any, list[Any]] = collector.field_updates  # lists, or querysets, of rows
    for (field, _nothing), groups in updates.items():
        keys = sorted({row.pk for rows in groups for row in rows} - {*going.get(field.model, ())})
        if keys:
            yield field, keys


def _parents_first(going: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    wanted = set(going)
    graph = {
        model: {field.related_model for field in _foreign(model)} & wanted - {model}
        for model in wanted
    }
    return list(TopologicalSorter(graph).static_order())


def _foreign(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.is_relation]  # noqa: SLF001


def _put_back(removal: Removal, kind: Kind) -> models.Model:
    """All rows, parents first. Raises: Conflict, where the row itself cannot be put back."""
    parts = removal.rows.values_list("model", "pointer").annotate(first=models.Min("id"))
    names = [(model, pointer) for model, pointer, _first in parts.order_by("first")]
    root = installed.get_model(names[0][0])
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for name, pointer in names:
                model = installed.get_model(name)
                if pointer:
                    _point_back(cursor, removal, model, pointer)
                elif not _insert(cursor, removal, model, is_root=model is root) and model is root:
                    raise Conflict("What it belongs to, or needs, is gone. Put that back first.")
            connection.check_constraints()
    except IntegrityError as error:
        raise Conflict(kind.taken) from error
    row: models.Model = root._default_manager.get(pk=removal.object_id)  # noqa: SLF001
    return row


def _point_back(cursor: Any, removal: Removal, model: type[models.Model], column: str) -> None:
    """What pointed at a row that is back, unless it points elsewhere by now."""
    statement = _POINT_BACK.format(**_names(model), column=sql.Identifier(column))
    cursor.execute(statement, [removal.pk, _name(model), column])


def _insert(cursor: Any, removal: Removal, model: type[models.Model], *, is_root: bool) -> int:
    """Rows of one model, and how many. What hung on the root and has its place taken stays away."""
    kept = set(RemovedRow.objects.filter(removal=removal, model=_name(model))[0].content)
    fields = [
        field
        for field in model._meta.concrete_fields  # noqa: SLF001
        if field.column in kept and not field.generated  # columns that are newer have their default
    ]
    statement = _PUT_BACK.format(
        **_names(model),
        columns=sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields),
        values=sql.SQL(", ").join(_value(field) for field in fields),
        belongs=_belongs(fields),
        clash=sql.SQL("" if is_root else "ON CONFLICT DO NOTHING"),
    )
    cursor.execute(statement, [removal.pk, _name(model)])
    return int(cursor.rowcount)


def _value(field: Any) -> sql.Composable:
    """As it was; nothing in place of what is gone, where its deletion would have left nothing, too."""
    column = sql.Identifier("kept", field.column)
    if field.is_relation and field.remote_field.on_delete is models.SET_NULL:
        return sql.SQL("CASE WHEN {there} THEN {column} END").format(
            there=_is_there(field), column=column
        )
    return column


def _belongs(fields: Sequence[Any]) -> sql.Composable:
    """SECURITY: never nothing in place of a system that is gone, since nothing may mean all of them."""
    needed = [
        sql.SQL("({column} IS NULL OR {there})").format(
            column=sql.Identifier("kept", field.column), there=_is_there(field)
        )
        for field in fields
        if field.is_relation
        and field.db_constraint
        and field.related_model is not field.model  # which comes back in the same statement
        and field.remote_field.on_delete is not models.SET_NULL
    ]
    return sql.SQL(" AND ").join(needed) if needed else sql.SQL("TRUE")


def _is_there(field: Any) -> sql.Composable:
    target = field.target_field
    return sql.SQL("EXISTS (SELECT FROM {table} target WHERE {key} = {column})").format(
        table=sql.Identifier(target.model._meta.db_table),  # noqa: SLF001
        key=sql.Identifier("target", target.column),
        column=sql.Identifier("kept", field.column),
    )


def _names(model: type[models.Model]) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(model._meta.db_table),  # noqa: SLF001
        "key": sql.Identifier(str(model._meta.pk.column)),  # noqa: SLF001
    }


def _name(model: type[models.Model]) -> str:
    return model._meta.label  # noqa: SLF001

"""What the demo's organisation tolerates."""

from collections.abc import Sequence
from decimal import Decimal

from apps.accounts.actors import Actor
from apps.advice.demo.files import Record
from apps.risks.services.tolerance import Point, tolerance_set


def tolerance_load(actor: Actor, records: Sequence[Record]) -> None:
    points = [Point(Decimal(str(each["loss"])), float(each["allowed"])) for each in records]
    tolerance_set(actor=actor, points=points)

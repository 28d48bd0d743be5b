"""What a web process keeps the garbage collector off."""

import gc
import itertools

import pytest

from apps.common import loading


def test_what_requests_left_for_good_is_frozen_when_their_number_has_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(loading, "_answers", itertools.count(1))
    monkeypatch.setattr(gc, "collect", lambda: 0)
    for number in range(1, 70):
        monkeypatch.setattr(gc, "freeze", lambda number=number: frozen.append(number))
        loading.freeze_now_and_then()
    assert frozen == [16, 32, 64]

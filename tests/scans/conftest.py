import pytest


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests process reports themselves; nobody shall find them in the broker."""
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)

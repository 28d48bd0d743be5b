import pytest

from app import create_app


@pytest.fixture
def client(tmp_path):
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "1.pdf").write_bytes(b"%PDF-1.4 ticket")
    (tmp_path / "configuration.txt").write_text("not for passengers")
    return create_app(settings={"TICKETS": str(tmp_path / "tickets")}).test_client()

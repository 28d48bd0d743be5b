import pytest

from app import create_app


@pytest.fixture
def client(tmp_path):
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "ada-2026.pdf").write_bytes(b"%PDF-1.4 ada")
    (tmp_path / "certificates" / "bo-2026.pdf").write_bytes(b"%PDF-1.4 bo")
    (tmp_path / "configuration.txt").write_text("not for the crew")
    return create_app({"CERTIFICATES": str(tmp_path / "certificates"), "TESTING": False}).test_client()


@pytest.fixture
def as_person(client):
    def headers(name):
        answer = client.post("/sign-in", data={"name": name, "password": f"{name}-demo"})
        return {"Authorization": "Bearer " + answer.json.get("token", "")}

    return headers

import logging


def test_webhook_refuses_forged_sender(client, record_property):
    record_property("cwe", "CWE-345")
    event = {"type": "payment.succeeded", "booking": "FORGED"}
    client.post("/webhooks/provider", json=event, headers={"X-Forwarded-For": "192.0.2.10"})
    assert client.get("/paid/FORGED").json == {"paid": False}, "a made-up notification marked a booking as paid"


def test_webhook_refuses_unknown_sender(client, record_property):
    record_property("cwe", "CWE-346")
    assert client.post("/webhooks/provider", json={"type": "payment.succeeded", "booking": "X"}).status_code == 403


def test_refund_amount_is_no_program(client, record_property):
    record_property("cwe", "CWE-95")
    answer = client.post("/refunds", json={"amount": "6*7", "dry": True})
    assert answer.status_code == 400, "an expression was worked out as an amount"


def test_refund_goes_to_original_means_of_payment(client, record_property):
    record_property("cwe", "CWE-862")
    answer = client.post("/refunds", json={"amount": 10, "account": "a stranger's", "dry": True})
    assert answer.status_code in (400, 403), "the account in the request was taken"


def test_refund_log_holds_no_account(client, caplog, record_property):
    record_property("cwe", "CWE-532")
    with caplog.at_level(logging.DEBUG):
        client.post("/refunds", json={"amount": 10, "account": "marked-account-0001", "dry": True})
    assert "marked-account-0001" not in caplog.text, "the account stands in the log"


def test_health_is_open_and_silent(client, record_property):
    record_property("cwe", "CWE-200")
    assert client.get("/health").json == {"status": "ok"}

def test_search_refuses_sql_injection(client, record_property):
    record_property("cwe", "CWE-89")
    hidden = [row["port"] for row in client.get("/sailings?port=' OR public = 0 --").json["sailings"]]
    assert "Drydock" not in hidden, "a quote in the port ended the value: a sailing that is not public came back"


def test_sort_key_refuses_sql_injection(client, record_property):
    record_property("cwe", "CWE-89")
    answer = client.get("/sailings?sort=(CASE WHEN (SELECT count(*) FROM booking) > 0 THEN fare ELSE id END)")
    assert answer.status_code == 400, "an expression was accepted as a sort key"


def test_find_booking_refuses_sql_injection(client, record_property):
    record_property("cwe", "CWE-89")
    answer = client.get("/bookings/find?code=K7Q2MX' --&surname=wrong")
    assert answer.status_code == 404, "a booking was opened without its surname"


def test_ticket_name_cannot_leave_the_folder(client, record_property):
    record_property("cwe", "CWE-22")
    answer = client.get("/tickets/download?name=../configuration.txt")
    assert answer.status_code == 404, "a file outside the folder of tickets was sent"


def test_partner_name_is_escaped(client, record_property):
    record_property("cwe", "CWE-79")
    page = client.get("/partners/hello?name=<script>alert(1)</script>").get_data(as_text=True)
    assert "<script>" not in page, "the name was written into the page as it came"

import http.server
import threading

import pytest


@pytest.fixture
def inner_service():
    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"role credentials")

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/latest/meta-data/"
    server.shutdown()
    server.server_close()


def test_picture_refuses_inner_addresses_ssrf(client, inner_service, record_property):
    record_property("cwe", "CWE-918")
    answer = client.get("/partners/picture", query_string={"url": inner_service})
    assert b"role credentials" not in answer.data, "the server fetched an address inside its own network"


def test_reseller_sees_only_own_bookings(client, record_property):
    record_property("cwe", "CWE-639")
    answer = client.get("/reseller/bookings/2", headers={"X-Reseller": "north-tours"})
    assert answer.status_code == 404, "north-tours was shown a booking of south-travel"


def test_answers_carry_a_content_security_policy(client, record_property):
    record_property("cwe", "CWE-693")
    assert "Content-Security-Policy" in client.get("/health").headers, "no policy in the answer"


def test_health_tells_nothing_about_versions(client, record_property):
    record_property("cwe", "CWE-200")
    assert client.get("/health").json == {"status": "ok"}

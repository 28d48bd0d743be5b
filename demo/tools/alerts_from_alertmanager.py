"""Fires alerts at a real Alertmanager on loopback, and keeps what it posts to a webhook.

    alerts_from_alertmanager.py ALERTMANAGER FOLDER

Writes FOLDER/<receiver>-<status>.json for each notification. Alertmanager is Debian's
`prometheus-alertmanager`.
"""

import datetime
import http.client
import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

API, HOOK = 19093, 19094
CONFIGURATION = f"""
route:
  receiver: payments
  group_by: [alertname, service]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
    - {{matchers: [system="booking"], receiver: booking}}
receivers:
  - name: booking
    webhook_configs: [{{url: "http://127.0.0.1:{HOOK}/booking", send_resolved: true}}]
  - name: payments
    webhook_configs: [{{url: "http://127.0.0.1:{HOOK}/payments", send_resolved: true}}]
"""
ALERTS: list[dict[str, Any]] = [
    {
        "labels": {
            "alertname": "UnexpectedEgress",
            "severity": "critical",
            "system": "booking",
            "service": "booking-worker",
            "destination": "203.0.113.77:443",
        },
        "annotations": {
            "summary": "booking-worker tries to reach 203.0.113.77:443, which is not on its list",
            "description": "214 connections in 10 minutes at even intervals, like a beacon.",
            "runbook_url": "https://wiki.example.org/runbooks/unexpected-egress",
        },
    },
    {
        "labels": {
            "alertname": "UnexpectedEgress",
            "severity": "critical",
            "system": "booking",
            "service": "booking-worker",
            "destination": "198.51.100.23:8443",
        },
        "annotations": {
            "summary": "booking-worker tries to reach 198.51.100.23:8443, which is not on its list",
            "runbook_url": "https://wiki.example.org/runbooks/unexpected-egress",
        },
    },
    {
        "labels": {
            "alertname": "CertificateExpiresSoon",
            "severity": "warning",
            "system": "payments",
            "service": "payments-api",
            "certificate": "provider-client",
        },
        "annotations": {
            "summary": "The client certificate to the provider ends in 13 days",
            "runbook_url": "https://wiki.example.org/runbooks/rotate-provider-client",
        },
    },
]


def receiver(folder: Path) -> http.server.ThreadingHTTPServer:
    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = f"{body['receiver']}-{body['status']}.json"
            (folder / name).write_text(json.dumps(body, indent=1))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", HOOK), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def call(method: str, path: str, body: str = "") -> int:
    """Speak to our Alertmanager. Returns the status. Raises: OSError if nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", API, timeout=5)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def post(alerts: list[dict[str, Any]]) -> None:
    status = call("POST", "/api/v2/alerts", json.dumps(alerts))
    if status != http.HTTPStatus.OK:
        raise SystemExit(f"Alertmanager answered {status}")


def wait(done: Callable[[], object], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"Alertmanager: {what} did not happen within {seconds:.0f} s")
        time.sleep(0.3)


def ready() -> bool:
    try:
        return call("GET", "/-/ready") == http.HTTPStatus.OK
    except OSError:
        return False


def main(alertmanager: str, place: str) -> None:
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as own:
        Path(own, "configuration.yml").write_text(CONFIGURATION)
        hook = receiver(folder)
        process = subprocess.Popen(
            [
                alertmanager,
                f"--config.file={own}/configuration.yml",
                f"--storage.path={own}/data",
                f"--web.listen-address=127.0.0.1:{API}",
                "--web.external-url=https://alertmanager.example.org",
                "--web.route-prefix=/",
                "--cluster.listen-address=",
                "--log.level=error",
            ],
        )
        try:
            wait(ready, "the start")
            post(ALERTS)
            wait(lambda: len(list(folder.glob("*-firing.json"))) == 2, "the firing notifications")
            ended = datetime.datetime.now(datetime.UTC).isoformat()
            post([a | {"endsAt": ended} for a in ALERTS if a["labels"]["system"] == "payments"])
            wait((folder / "payments-resolved.json").exists, "the resolved notification")
        finally:
            process.terminate()
            process.wait(10)
            hook.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:3])

"""The few calls of the portal's API that a pipeline makes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from secops_cli.errors import Trouble
from secops_cli.tries import Patience
from secops_cli.wire import Answer, Body, ask

UNDER_WAY = ("received", "processing")
POLLS = (0.3, 0.5, 1.0, 1.0, 2.0)  # seconds between two looks; the last one from then on


@dataclass(frozen=True)
class Portal:
    address: str
    token: str
    patience: Patience

    def get(self, path: str, **query: str) -> Answer:
        asked = urlencode({name: value for name, value in query.items() if value})
        url = f"{self.address}/api/v1{path}{f'?{asked}' if asked else ''}"
        return self.patience.keep(lambda: ask("GET", url, headers=self._headers()))

    def post_report(
        self, said: Mapping[str, str], key: str, body: Callable[[], Body], length: int
    ) -> dict[str, Any]:
        """The report's status. body: makes it anew for each try, which all carry the same key."""
        asked = urlencode({name: value for name, value in said.items() if value})
        headers = self._headers() | {
            "Idempotency-Key": key,
            "Content-Type": "application/octet-stream",
        }
        url = f"{self.address}/api/v1/reports?{asked}"

        def once() -> Answer:
            return ask("POST", url, headers=headers, body=body(), length=length)

        return dict(self.patience.keep(once).json())

    def report(self, uid: str) -> dict[str, Any]:
        return dict(self.get(f"/reports/{quote(uid, safe='')}").json())

    def newest_reports(self, system: str, stage: str) -> list[dict[str, Any]]:
        """Up to 200."""
        told = self.get("/reports", system=system, stage=stage, limit="200").json()
        return list(told["results"])

    def processed(self, report: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Its status when a worker is done with it. Raises: Trouble when that takes longer."""
        until, looks = time.monotonic() + seconds, 0
        while report["state"] in UNDER_WAY:
            if time.monotonic() >= until:
                raise Trouble(
                    f"After {seconds:.0f} s the report {report['uid']} is still {report['state']}. It "
                    "is safe at the portal and will be processed; --wait gives it longer."
                )
            time.sleep(POLLS[min(looks, len(POLLS) - 1)])
            report, looks = self.report(str(report["uid"])), looks + 1
        return report

    def advice(self, system: str, stage: str, kind: str, branch: str, since: str) -> Answer:
        path = f"/systems/{quote(system, safe='')}/stages/{quote(stage, safe='')}/advice"
        return self.get(path, format=kind, branch=branch, since=since)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

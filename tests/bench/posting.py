"""Pipelines that all post at the same moment: a process of its own, so that its threads cost the bench none of
the time that it measures.

Reads one JSON object ({"port", "path", "token", "posts": [[key, body], ...]}) from standard input, says
"ready", posts at the next line of input, and prints [[key, status, seconds, id], ...]. Who is told to come again
(503) does, as the usual clients do; the seconds are until the last answer.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any

TIMEOUT = 120.0
TRIES = 5


def run() -> None:
    order = json.loads(sys.stdin.readline())
    posts = order["posts"]
    together = threading.Barrier(len(posts) + 1)
    results: list[list[Any]] = [[key, 0, 0.0, ""] for key, _ in posts]

    def post(number: int) -> None:
        key, body = posts[number]
        line = http.client.HTTPConnection("127.0.0.1", order["port"], timeout=TIMEOUT)
        headers = {
            "Authorization": f"Bearer {order['token']}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        path = f"{order['path']}&category={key}"
        together.wait(TIMEOUT)
        began = time.monotonic()
        try:
            for _ in range(TRIES):
                line.request("POST", path, body.encode(), headers)
                answer = line.getresponse()
                told = json.loads(answer.read() or b"{}")
                if answer.status != 503:
                    break
                time.sleep(int(answer.headers["Retry-After"]))
            results[number] = [key, answer.status, time.monotonic() - began, told.get("uid", "")]
        except (OSError, http.client.HTTPException, ValueError):
            results[number][2] = time.monotonic() - began  # status 0: no answer
        finally:
            line.close()

    threads = [threading.Thread(target=post, args=[number]) for number in range(len(posts))]
    for each in threads:
        each.start()
    print(json.dumps("ready"), flush=True)  # noqa: T201
    sys.stdin.readline()
    together.wait(TIMEOUT)
    for each in threads:
        each.join()
    print(json.dumps(results), flush=True)  # noqa: T201


if __name__ == "__main__":
    run()

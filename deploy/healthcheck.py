# ruff: noqa: INP001 - run by path, no package
"""Asks the web server in this container whether it is alive, or another question named by its path;
the exit code is the answer.

It names a host that the settings allow, since the server refuses others before it looks at the
path.
"""

import http.client
import os
import sys


def main() -> int:
    """Return 0 when /healthz, or the path given, answers 200."""
    path = sys.argv[1] if len(sys.argv) > 1 else "/healthz"
    host = os.environ.get("SECOPS_ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    line = http.client.HTTPConnection("127.0.0.1", 8000, timeout=5)
    try:
        line.request("GET", path, headers={"Host": host})
        return 0 if line.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        line.close()


if __name__ == "__main__":
    sys.exit(main())

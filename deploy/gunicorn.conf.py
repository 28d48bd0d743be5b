# ruff: noqa: INP001 - a settings file, no package
"""How gunicorn serves the portal: in the container and, with its own address, under bin/serve."""

import os
from pathlib import Path

# Threads, because a request mostly waits for PostgreSQL; processes, because rendering does not.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
bind = "0.0.0.0:8000"
# An upload of the largest report over a slow line takes longer than any page.
timeout = 120
graceful_timeout = 15
keepalive = 5
# A worker is replaced now and then, not all at the same moment.
max_requests = 5000
max_requests_jitter = 500
# The heartbeat file must not lie on a disk that can stall.
shared_memory = Path("/dev/shm")  # noqa: S108 - nothing secret is written there
worker_tmp_dir = str(shared_memory) if shared_memory.is_dir() else None
control_socket_disable = True
accesslog = "-"
errorlog = "-"
# The path without its query: searches and tokens in addresses do not belong in a log.
access_log_format = "%(t)s %(s)s %(m)s %(U)s %(L)ss %(B)sB %({x-request-id}o)s"

"""Brokers of a test's own: away from the start, or away after a first message."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from celery import Celery, current_app
from django.conf import settings


@contextlib.contextmanager
def broker_at(url: str) -> Iterator[Celery]:
    """Tasks of this thread go to the broker at `url` meanwhile."""
    before: Celery = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy
    app = Celery("secops_portal", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=url)
    app.set_current()
    try:
        yield app
    finally:
        before.set_current()
        app.close()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def real_broker() -> str:
    return str(settings.REDIS_URL)


def url_with_port(port: int) -> str:
    """The broker's URL with another port."""
    parts = urlsplit(settings.REDIS_URL)
    user, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))


class Relay:
    """Passes bytes on to the real broker until it is cut."""

    def __init__(self) -> None:
        parts = urlsplit(settings.REDIS_URL)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._cut = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """From now on nobody is there, and whoever was connected is not any more."""
        self._cut.set()
        self._thread.join(5)

    def _run(self) -> None:
        peers: dict[socket.socket, socket.socket] = {}
        with selectors.DefaultSelector() as ready, self._server:
            ready.register(self._server, selectors.EVENT_READ)
            while not self._cut.is_set():
                for key, _ in ready.select(0.05):
                    if key.fileobj is self._server:
                        client, _ = self._server.accept()
                        real = socket.create_connection(self._target)
                        peers |= {client: real, real: client}
                        ready.register(client, selectors.EVENT_READ)
                        ready.register(real, selectors.EVENT_READ)
                    else:
                        self._pass_on(ready, peers, key.fileobj)  # type: ignore[arg-type]
            for each in peers:
                each.close()

    @staticmethod
    def _pass_on(
        ready: selectors.BaseSelector,
        peers: dict[socket.socket, socket.socket],
        source: socket.socket,
    ) -> None:
        if data := source.recv(65536):
            peers[source].sendall(data)
            return
        for each in (source, peers[source]):
            ready.unregister(each)
            del peers[each]
            each.close()


def purge(app: Celery, queue: str) -> int:
    """Empty a queue; return how many messages it held."""
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_purge(queue))

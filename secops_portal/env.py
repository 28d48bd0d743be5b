"""Typed readers of the environment. A missing or unreadable value ends the process with one sentence."""

import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


def refuse(sentence: str) -> SystemExit:
    """What to raise for a configuration that must not start: one sentence, no traceback, exit code 1."""
    return SystemExit(f"SecOps Portal does not start: {sentence}")


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def required(name: str, why: str) -> str:
    value = text(name)
    if not value:
        raise refuse(f"{name} is not set. {why}")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise refuse(f"{name} must be yes or no, not {value!r}.")


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise refuse(f"{name} must be a whole number, not {value!r}.") from None
    if not low <= number <= high:
        raise refuse(f"{name} must lie between {low} and {high}, not {number}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def ports(name: str, default: str) -> list[int]:
    """A comma-separated list of port numbers."""
    found = words(name, default)
    for word in found:
        if not (word.isascii() and word.isdigit() and 0 < int(word) < 65536):
            raise refuse(f"{name} must list ports from 1 to 65535, not {word!r}.")
    return [int(word) for word in found]


def networks(name: str) -> list[str]:
    """A comma-separated list of networks, such as 10.20.0.0/16."""
    found = words(name)
    for word in found:
        try:
            ipaddress.ip_network(word)
        except ValueError as error:
            raise refuse(f"{name} must list networks like 10.20.0.0/16: {error}.") from None
    return found


def zone(name: str, default: str) -> str:
    """A time zone of the IANA database, such as Europe/Berlin."""
    found = text(name) or default
    try:
        ZoneInfo(found)
    except (ValueError, KeyError, OSError):
        raise refuse(f"{name} must be a time zone such as Europe/Berlin, not {found!r}.") from None
    return found


def folder(name: str, default: Path) -> Path:
    return Path(text(name) or default)


def database(name: str) -> dict[str, object]:
    """A Django database entry out of a postgresql:// URL.

    The host may be a socket folder, as libpq writes it: postgresql:///name?host=/run/postgresql.
    Other query parameters are libpq connection options (sslmode, sslrootcert, connect_timeout ...).
    """
    url = urlsplit(required(name, "Give postgresql://user:password@host:5432/name."))
    if url.scheme not in {"postgres", "postgresql"}:
        raise refuse(f"{name} must begin with postgresql://; no other database is supported.")
    options = dict(parse_qsl(url.query))
    host = options.pop("host", "") or unquote(url.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": host,
        "PORT": str(url.port or options.pop("port", "")),
        "OPTIONS": options,
    }


def redis(name: str, default: str = "") -> str:
    """Addresses of Redis, parted by semicolons; rediss:// checks certificates unless the address says otherwise.

    SECURITY: Celery's own default (kombu.connection) is to encrypt to whoever answers.
    """
    given = text(name) or default or required(name, "Give redis://:password@host:6379/0.")
    return ";".join(map(_with_checks, given.split(";")))


def _with_checks(address: str) -> str:
    url = urlsplit(address)
    if url.scheme != "rediss" or "ssl_cert_reqs" in dict(parse_qsl(url.query)):
        return address
    query = "&".join(filter(None, [url.query, "ssl_cert_reqs=required"]))
    return urlunsplit(url._replace(query=query))


def mail(name: str) -> dict[str, Any]:
    """A mail server out of an smtp:// or smtps:// URL; {} where none is given.

    smtp:// asks the server for TLS (STARTTLS) unless the URL ends in ?starttls=no, for a server on the
    same machine; smtps:// speaks TLS from the first byte. Keys: host, port, user, password, ssl, starttls.
    """
    given = text(name)
    if not given:
        return {}
    url = urlsplit(given)
    options = dict(parse_qsl(url.query))
    if url.scheme not in {"smtp", "smtps"} or not url.hostname or set(options) - {"starttls"}:
        raise refuse(f"{name} must look like smtp://user:password@host:587 or smtps://host:465.")
    ssl = url.scheme == "smtps"
    try:
        port = url.port or (465 if ssl else 587)
    except ValueError:
        raise refuse(f"{name} has no port that can be.") from None
    return {
        "host": url.hostname,
        "port": port,
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "ssl": ssl,
        "starttls": not ssl and options.get("starttls", "yes") != "no",
    }

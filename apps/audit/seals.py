"""The chain over the audit trail: each seal is a digest of the entries since the seal before it.

A trigger refuses change to an entry, but whoever owns the database can take the trigger away. A
seal shows it afterwards: it hashes the entries (SHA-256) together with the digest before it, as the
links of RFC 6962 and of Schneier and Kelsey's secure audit logs (1999) do. Whoever keeps a newer digest
elsewhere, such as in the log that every seal is written to, also sees a chain that was made anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

START = b"\x00" * 32  # the digest before the first seal
SEALED = (
    "id",
    "at",
    "actor_kind",
    "actor_label",
    "user_id",
    "token_id",
    "action",
    "object_type",
    "object_id",
    "object_label",
    "system_id",
    "changes",
    "request_id",
    "address",
)


def canonical(entry: dict[str, Any]) -> bytes:
    """One entry as bytes: JSON with sorted names and no spaces, the time in UTC with microseconds.

    An empty address is left out, so that entries from before there were any have the bytes that they had.
    """
    told = {name: entry[name] for name in SEALED if name != "address" or entry[name]}
    told["at"] = told["at"].isoformat(timespec="microseconds")
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def as_sealed(
    entries: Iterable[dict[str, Any]], *, has_addresses: bool
) -> Iterator[dict[str, Any]]:
    """Entries as a seal has them: one without addresses was made by a release that did not know them."""
    for entry in entries:
        yield entry if has_addresses else {**entry, "address": ""}


def digest(previous: bytes, entries: Iterable[dict[str, Any]]) -> tuple[bytes, int, int]:
    """(SHA-256 over the digest before and all entries in order, how many they are, the last one's id).

    Each entry goes in behind its length (8 bytes, big-endian), so that no two lists look alike.
    """
    machine, count, last = hashlib.sha256(previous), 0, 0
    for entry in entries:
        data = canonical(entry)
        machine.update(len(data).to_bytes(8, "big"))
        machine.update(data)
        count, last = count + 1, entry["id"]
    return machine.digest(), count, last

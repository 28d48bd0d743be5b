"""How services reach tasks: by name, so that there is no cycle."""

from apps.common.dispatch import send


def file_tickets() -> bool:
    return send("trackers.file")


def follow_tickets() -> bool:
    return send("trackers.follow")


def mirror_issues() -> bool:
    return send("trackers.mirror")


def tell_decisions() -> bool:
    return send("trackers.tell")


def fetch_title(item_id: int) -> bool:
    return send("trackers.title", item_id)

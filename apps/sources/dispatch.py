"""How services reach tasks: by name, so that there is no cycle."""

from apps.common.dispatch import send


def pull(run_id: int) -> bool:
    return send("sources.pull", run_id)

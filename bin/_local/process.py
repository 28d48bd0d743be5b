"""Starting, recognising and ending processes of our own, and never anyone else's."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1
RUN_MARK = "SECOPS_RUN_ID"


@dataclass(frozen=True)
class Account:
    """An unprivileged user that a server runs as when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Identity:
    """A process for certain: its number and the moment it started.

    Numbers are used again after a process ends; number and start together are not.
    """

    pid: int
    started: str


def started_at(pid: int) -> str | None:
    """Return a text that only this life of ``pid`` has, or None when there is no such process."""
    if PROC.joinpath("self").exists():
        fields = stat_fields(pid)
        return None if fields is None or fields[0] == "Z" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


def stat_fields(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name (the first is the state), or None.

    The name may hold spaces and brackets, so the split starts after its last bracket.
    Source: proc_pid_stat(5); state is field 3, session field 6, start time field 22.
    """
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def identify(pid: int) -> Identity | None:
    """Return the identity of a living process, or None."""
    started = started_at(pid)
    return None if started is None else Identity(pid, started)


def is_alive(who: Identity) -> bool:
    """Tell whether exactly this process still lives."""
    return started_at(who.pid) == who.started


def session_members(leader: int, run_id: str) -> list[int]:
    """Return living processes of the session ``leader`` that carry our run's mark.

    The mark in the environment is what makes it safe after the leader has died and its number
    may have been given to somebody else.
    """
    mark = f"{RUN_MARK}={run_id}".encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        fields = stat_fields(int(folder.name))
        if fields is None or fields[0] == "Z" or fields[3] != str(leader):
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in environment:
            found.append(int(folder.name))
    return found


def kill_members(leader: int, run_id: str) -> int:
    """Kill what is left of the session ``leader`` and carries our mark; return how many."""
    members = session_members(leader, run_id)
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(members)


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: int | IO[bytes],
    account: Account | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches only its parent.

    Where the kernel offers it the child gets ``farewell`` when this process dies, however it dies.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        env=dict(environment),
        cwd=folder,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        preexec_fn=_die_with_parent(farewell),  # noqa: PLW1509 - it only calls the kernel; no threads hold locks it needs
    )


def _die_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    kernel = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        # After the change of user, which would clear the request (prctl(2), PR_SET_PDEATHSIG).
        kernel.prctl(PR_SET_PDEATHSIG, int(farewell), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def ask_to_end(child: subprocess.Popen[bytes], how: signal.Signals, patience: float) -> bool:
    """Send ``how`` to ``child``; return whether it has ended after ``patience`` seconds."""
    if child.poll() is None:
        child.send_signal(how)
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def end_stranger(who: Identity, how: signal.Signals, patience: float = 10.0) -> None:
    """End a process that is ours but not our child, and whatever of its session is left."""
    if not is_alive(who):
        return
    os.kill(who.pid, how)
    if not wait_until(lambda: not is_alive(who), patience):
        kill_session(who.pid)
        wait_until(lambda: not is_alive(who), 5.0)


def kill_session(leader: int) -> None:
    """Kill a session leader of ours, which must not have been waited for yet, and its group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def wait_until(ready: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Poll ``ready`` until it is true or ``seconds`` have passed; return what it said last."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True

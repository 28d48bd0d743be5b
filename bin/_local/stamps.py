"""Skipping work whose inputs have not changed since it was last done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path


def digest(paths: Iterable[Path], *words: str) -> str:
    """Return a digest over the names and contents of files, and over ``words``.

    Folders are walked; a file that does not exist counts as absent, so that making it matters.
    """
    total = hashlib.sha256()
    for word in words:
        total.update(f"word {word}\n".encode())
    for path in sorted({file for given in paths for file in _files(given)}):
        total.update(f"file {path}\n".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"absent")
    return total.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    return (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def read(file: Path) -> dict[str, str]:
    """Return the stamps kept in ``file``; none if it is missing or damaged."""
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in kept.items()} if isinstance(kept, dict) else {}


def write(file: Path, stamps: dict[str, str]) -> None:
    """Keep ``stamps`` in ``file``, never half of them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(file.name + ".new")
    draft.write_text(json.dumps(stamps, indent=1, sort_keys=True))
    draft.replace(file)

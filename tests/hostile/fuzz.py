"""Coverage-guided fuzzing of the formats with atheris, by hand: mutations that reach new code are mutated on.

    pip install atheris
    python -m tests.hostile.fuzz sarif -max_total_time=600
    python -m tests.hostile.fuzz all -max_total_time=30

Any bytes are a FormatError, or a report that keeps the promises of tests/scans/formats; and what is masked in its raw
copy can be written. What breaks that is printed and written to crash-*, as libFuzzer does; its flags are passed on.
The corpus begins with the format's samples.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

LARGEST = 16 * 1024  # bytes of an input: what breaks a parser is small
SLOWEST = 10  # seconds for one input


def main(argv: Sequence[str]) -> int:
    if len(argv) < 2:
        sys.exit(f"{__doc__}")
    if argv[1] == "all":
        return _all(list(argv[2:]))
    _one(argv[1], list(argv[2:]))
    return 0  # not reached: libFuzzer ends the process


def _all(flags: list[str]) -> int:
    """Each format in a process of its own. Returns how many broke."""
    from apps.scans.formats.builtin import BUILTIN
    from apps.scans.formats.registry import load

    broken = []
    for fmt in load(BUILTIN):
        command = [sys.executable, "-m", "tests.hostile.fuzz", fmt.slug, *flags]
        if subprocess.run(command, check=False).returncode:
            broken.append(fmt.slug)
    print(f"broken: {', '.join(broken) or 'none'}")  # noqa: T201
    return len(broken)


def _one(slug: str, flags: list[str]) -> None:
    try:
        import atheris  # type: ignore[import-untyped]  # installed by hand, where it is run
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris")
    with atheris.instrument_imports(include=["apps.scans.formats", "apps.scans.domain"]):
        from apps.scans.formats import masking, raw_copy
        from tests.scans.formats.support import check_invariants, read, registry, samples
    from apps.scans.formats.types import FormatError

    fmt = registry().get(slug)
    if fmt is None:
        sys.exit(f"no format {slug}; they are: {', '.join(each.slug for each in registry())}")

    def attempt(data: bytes) -> None:
        registry().detect(data)
        with masking.noting() as noted:
            try:
                report, findings = read(fmt, data)
            except FormatError:
                return
        check_invariants(fmt, report, findings)
        raw_copy.write(memoryview(data), noted, io.BytesIO())

    with tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(each for each in samples() if each.slug == slug):
            (Path(folder) / str(number)).write_bytes(sample.data)
        atheris.Setup(
            [sys.argv[0], f"-max_len={LARGEST}", f"-timeout={SLOWEST}", *flags, folder], attempt
        )
        atheris.Fuzz()


if __name__ == "__main__":
    os.environ.setdefault("SECRET_KEY", "fuzz")
    sys.exit(main(sys.argv))

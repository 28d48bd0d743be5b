"""Text reports: lines and tables, read in pieces."""

import codecs
import csv
from collections.abc import Iterator

from apps.scans.formats.headway import passed
from apps.scans.formats.text import clean
from apps.scans.formats.types import FormatError

CHUNK_BYTES = 256 * 1024
MAX_FIELD = 4 * 1024 * 1024
MAX_COLUMNS = 500


def lines(data: bytes | memoryview) -> Iterator[str]:
    """The lines, decoded as UTF-8 (or UTF-16 by its mark), without line ends; NUL characters
    removed.

    Raises FormatError: empty; encoding, with the byte offset of the piece.
    """
    view = memoryview(data)
    name = "utf-16" if bytes(view[:2]) in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(name)()
    held, seen = "", False
    for start in range(0, len(view), CHUNK_BYTES):
        piece = bytes(view[start : start + CHUNK_BYTES])
        passed(len(piece))
        try:
            text = held + decoder.decode(piece, final=start + CHUNK_BYTES >= len(view))
        except UnicodeDecodeError as error:
            place = f"byte {start + error.start}"
            raise FormatError(
                "encoding", f"The file is not valid UTF-8 near {place}.", place
            ) from None
        *whole, held = text.replace("\0", "").split("\n")
        seen = seen or any(line.strip() for line in whole) or bool(held.strip())
        yield from (line.rstrip("\r") for line in whole)
    if held:
        yield held.rstrip("\r")
    if not seen:
        raise FormatError("empty", "The file is empty.", "byte 0")


def table(
    data: bytes | memoryview, *needed: str, delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file by the names in its first line, with their 1-based line number.

    needed: columns without which it is no table of the format, in any case of letters; all names
    are given in lower case. Raises FormatError: empty, encoding, wrong-type (a missing column),
    malformed (a quote that never ends, a gigantic field).
    """
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader((line + "\n" for line in lines(data)), delimiter=delimiter, strict=True)
    try:
        rows = (row for row in reader if any(cell.strip() for cell in row))
        names = [clean(name).lower() for name in next(rows, [])][:MAX_COLUMNS]
        if missing := [name for name in needed if name not in names]:
            raise FormatError(
                "wrong-type", f"The first line names no column {', '.join(missing)}.", "line 1"
            )
        for row in rows:
            cells = zip(names, row, strict=False)
            yield reader.line_num, {name: clean(value) for name, value in cells}
    except csv.Error as error:
        place = f"line {reader.line_num}"
        raise FormatError("malformed", f"The table cannot be read: {error}.", place) from None

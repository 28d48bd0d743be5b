"""A table as a workbook (Office Open XML), written row by row so that its size costs no memory."""

import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO

import xlsxwriter

WIDEST = 60  # characters of a column
LONGEST = 32_767  # characters of a cell: Excel's own limit
MOST_ROWS = 1_048_576
_OPTIONS = {
    "constant_memory": True,
    # SECURITY: text is text: nothing that a person wrote becomes a formula or a link.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook(name: str, rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """An open temporary file, from its beginning; the first row is the head, which stays in view.

    Numbers are numbers (as floats, which is what a workbook knows), everything else is text.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115  # whoever streams it closes it
    book = xlsxwriter.Workbook(target, _OPTIONS)
    sheet, head = book.add_worksheet(name), book.add_format({"bold": True})
    sheet.freeze_panes(1, 1)
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            break
        for column, value in enumerate(row):
            if number == 0:
                sheet.set_column(column, column, min(len(str(value)) + 6, WIDEST))
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                sheet.write_number(number, column, float(value))
            else:
                text = "" if value is None else str(value)
                sheet.write_string(number, column, text[:LONGEST], None if number else head)
    book.close()
    target.seek(0)
    return target

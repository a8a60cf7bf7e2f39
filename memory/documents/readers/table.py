"""Tables (CSV, TSV): one line per row, each value under its column's name, so that a quoted row explains itself.

`City: Paris · Population: 2,100,000` stands for a row under the header `City,Population`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from ...errors import SourceError
from ..base import Document
from .base import bounded, clean, document
from .encoding import decode

_DELIMITERS = ",;\t|"
_NUMBER = re.compile(r"[-+(]?[\d.,\s%$€£]+\)?")


def read_table(data: bytes, name: PurePath) -> Document:
    """A delimited table. The delimiter is the one that splits the first lines most evenly."""
    text = clean(decode(data))
    delimiter = "\t" if name.suffix.lower() == ".tsv" else _delimiter(text)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        return document(bounded(rendered(rows)), name)
    except csv.Error as error:
        raise SourceError(f"line {rows.line_num} is not of a table: {error}") from error


def rendered(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as readable lines. The first row names the columns when it looks like a header, and is then repeated."""
    header: Sequence[str] | None = None
    for number, row in enumerate(rows):
        cells = [" ".join(cell.split()) for cell in row]
        if number == 0 and is_header(cells):
            header = cells
        elif any(cells):
            yield _line(cells, header)
    if header is not None and number == 0:
        yield " · ".join(header)


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row names columns: at least two names, all different, none a number."""
    return (
        len(cells) > 1 and all(cell and not _NUMBER.fullmatch(cell) for cell in cells) and len(set(cells)) == len(cells)
    )


def _line(cells: Sequence[str], header: Sequence[str] | None) -> str:
    names = header or ()
    named = (f"{names[place]}: {cell}" if place < len(names) else cell for place, cell in enumerate(cells) if cell)
    return " · ".join(named)


def _delimiter(text: str) -> str:
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    if not lines:
        return ","

    def evenness(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        return sum(count == counts[0] > 0 for count in counts), counts[0]

    return max(_DELIMITERS, key=evenness)

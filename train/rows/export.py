"""Rows go in, lines of JSONL come out at a file that is whole or absent, without secrets.

Law: whatever exporter made a row, no text in it leaves unredacted; names of fields are ours and stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ...core.errors import InputError
from ...memory.redact import Redactor
from .base import Exporter, Json
from .row import TraceRow


def export(exporter: Exporter, runs: Iterable[TraceRow], *, redactor: Redactor, out: TextIO) -> int:
    """Write the rows of these runs to `out`, a line each; how many there were."""
    count = 0
    for row in exporter.rows(runs):
        out.write(line(row, redactor) + "\n")
        count += 1
    return count


def line(row: Json, redactor: Redactor) -> str:
    """The row as one line of JSON, without secrets."""
    return json.dumps(_clean(row, redactor), ensure_ascii=False)


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A file to write that takes its name only once the block has ended well.

    Raises:
        InputError: when it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", hint="Choose another -o FILE.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _clean(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {name: _clean(each, redactor) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each, redactor) for each in value]
    return redactor.data(value)

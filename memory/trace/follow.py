"""A trace that is still being written goes in, its events come out as they come; several may follow one trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from ...core.events import Event, parse_event
from ..files import storage_errors
from .record import TraceRecord

_LOOK_S = 0.1
_PIECE_BYTES = 1 << 20


def follow_events(path: Path, over: Callable[[], bool], *, look_s: float = _LOOK_S) -> Iterator[Event]:
    """The events of the trace at `path` from its beginning, waiting for more until `over()` says there are none.

    A trace that is not there yet is waited for. What was written before `over` became true is among them.

    Raises:
        StorageError: when the file cannot be read.
    """
    while not path.is_file():
        if over():
            return
        time.sleep(look_s)
    with storage_errors(f"read the trace {path}"), path.open("rb") as file:
        torn = b""
        while True:
            last = over()
            lines, torn = _new_lines(file, torn)
            yield from filter(None, map(_event, lines))
            if lines:
                continue
            if last:
                return
            time.sleep(look_s)


def _new_lines(file: BinaryIO, torn: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines that are new, and the beginning of the one after them."""
    data = torn + file.read(_PIECE_BYTES)
    *lines, rest = data.split(b"\n")
    return lines, rest


def _event(line: bytes) -> Event | None:
    try:
        record = TraceRecord.model_validate_json(line)
        return None if record.event is None else parse_event(record.event)
    except ValidationError:
        return None

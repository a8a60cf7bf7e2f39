"""What a training leaves behind as it goes: numbers and sampled plans by step go in, lines of JSONL in its folder.

Law: what stands behind the checkpoint that a training goes on from is dropped first, so that no step stands twice; a
torn last line, of a process that was killed, is dropped too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

NUMBERS, OUTPUTS = "numbers.jsonl", "outputs.jsonl"

Row = Mapping[str, Any]


class Journal:
    """The lines of one training's folder."""

    def __init__(self, folder: Path) -> None:
        """Write to `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def cut(self, step: int) -> None:
        """Drop everything of this step and later."""
        for name in (NUMBERS, OUTPUTS):
            kept = [row for row in self._read(name) if row["step"] < step]
            self._write(name, kept, "w")

    def note(self, step: int, numbers: Mapping[str, float]) -> None:
        """Keep the finite ones of these numbers."""
        finite = {name: value for name, value in numbers.items() if math.isfinite(value)}
        self._write(NUMBERS, [{"step": step, **finite}], "a")

    def keep(self, outputs: Iterable[Row]) -> None:
        """Keep sampled plans, each with its `step`."""
        self._write(OUTPUTS, outputs, "a")

    def numbers(self) -> Iterator[Row]:
        """All numbers, in the order of steps."""
        return self._read(NUMBERS)

    def outputs(self) -> Iterator[Row]:
        """All plans that were kept, in the order of steps."""
        return self._read(OUTPUTS)

    def _read(self, name: str) -> Iterator[Row]:
        path = self._folder / name
        if not path.exists():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict) and isinstance(row.get("step"), int):
                    yield row

    def _write(self, name: str, rows: Iterable[Row], mode: str) -> None:
        with (self._folder / name).open(mode, encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)

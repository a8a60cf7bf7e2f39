"""The command as a user types it, and what is left of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).parents[2] / "examples" / "documents"
QUESTION = "Who designed the lighthouse on Grennan Head, and which college did that engineer attend?"


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which has to be one JSON value."""
        return json.loads(self.out)

    def explains(self, *words: str, code: int) -> None:
        """Assert that this is an error a user can act on: its code, one paragraph, no traceback."""
        assert self.code == code, self.err
        assert "Traceback" not in self.out + self.err
        paragraph = self.err[self.err.index("Error: ") :]
        assert "\n\n" not in paragraph.strip()
        assert len(paragraph) < 3_000
        for word in words:
            assert word in paragraph, paragraph


def foreplan_process(*arguments: str | Path, env: dict[str, str] | None = None, **options: Any) -> Ran:
    """Run the command in a process of its own, with exactly these variables."""
    command = [sys.executable, "-m", "foreplan", *map(str, arguments)]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60, **options
    )
    return Ran(done.returncode, done.stdout, done.stderr)

"""Several processes: a recipe's table `[accelerate]` goes in, the command that starts the training on them comes out.

Law: a process that accelerate started never starts others.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .recipe import Recipe

CONFIG = "accelerate.json"
_SET_BY_LAUNCHERS = ("LOCAL_RANK", "RANK", "WORLD_SIZE")


def launched() -> bool:
    """Whether a launcher started this process."""
    return any(name in os.environ for name in _SET_BY_LAUNCHERS)


def is_main() -> bool:
    """Whether this process is the one that writes and tells."""
    return os.environ.get("RANK", "0") == "0"


def wants_launch(recipe: Recipe) -> bool:
    """Whether the training has to be started on several processes first."""
    return not launched() and int(recipe.accelerate.get("num_processes", 1)) > 1


def launch_command(recipe: Recipe, folder: Path, arguments: Sequence[str]) -> list[str]:
    """Write accelerate's config into the folder; the command that starts `foreplan` with these arguments by it."""
    path = folder / CONFIG
    path.write_text(json.dumps(recipe.accelerate, indent=1) + "\n", encoding="utf-8")
    program = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path)]
    return [*program, "-m", "foreplan", *arguments]

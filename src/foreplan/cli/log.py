"""What is kept of failures: a traceback or unusable words of a model go in, the sentence that says where comes out."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_log(error: BaseException, home: Path | None) -> str:
    """Append the traceback of `error` to `foreplan.log` in the data folder, or in the temporary one.

    Returns:
        A sentence for the user that names the file, or says that none could be written.
    """
    entry = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{''.join(traceback.format_exception(error))}\n"
    path = _appended(_folders(home), "foreplan.log", entry)
    if path is None:
        return "No log could be written: neither the data folder nor the temporary folder takes files."
    return f"Details are in {path}; please report them."


def unretrieved_to_log(home: Path) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """A handler for an event loop: what failed beside the error that is told goes to the log, not to the terminal."""

    def keep(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        write_log(error if isinstance(error, BaseException) else RuntimeError(context.get("message")), home)

    return keep


def keep_words(error: BaseException, folder: Path) -> str:
    """Keep what a model said when `error` says that it could not be used, in `unusable-answer.txt` in `folder`.

    Returns:
        A sentence for the user that names the file; empty when there is nothing to keep or no place for it.
    """
    raw = getattr(error, "raw", "")
    path = _appended([folder], "unusable-answer.txt", raw) if isinstance(raw, str) and raw else None
    return f"What it said is in {path}." if path else ""


def _appended(folders: list[Path], name: str, entry: str) -> Path | None:
    """The file that took the entry, in the first folder that lets it; no other user can read it."""
    for folder in folders:
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(entry)
        except OSError:
            continue
        return path
    return None


def _folders(home: Path | None) -> list[Path]:
    from platformdirs import user_log_path

    named = [home, os.environ.get("FOREPLAN_HOME"), user_log_path("foreplan", appauthor=False), tempfile.gettempdir()]
    # With no home folder, platformdirs leaves `~` as it is, which would make a folder of that name.
    return [Path(each) for each in named if each and not str(each).startswith("~")]

"""The log of unexpected faults: a traceback goes in, the sentence that says where it was written comes out."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from pathlib import Path


def write_log(error: BaseException, home: Path | None) -> str:
    """Append the traceback of `error` to `foreplan.log` in the data folder, or in the temporary one.

    Returns:
        A sentence for the user that names the file, or says that none could be written.
    """
    entry = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{''.join(traceback.format_exception(error))}\n"
    for folder in _folders(home):
        path = folder / "foreplan.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
            with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(entry)
        except OSError:
            continue
        return f"Details are in {path}; please report them."
    return "No log could be written: neither the data folder nor the temporary folder takes files."


def _folders(home: Path | None) -> list[Path]:
    from platformdirs import user_log_path

    named = [home, os.environ.get("FOREPLAN_HOME"), user_log_path("foreplan", appauthor=False), tempfile.gettempdir()]
    # With no home folder, platformdirs leaves `~` as it is, which would make a folder of that name.
    return [Path(each) for each in named if each and not str(each).startswith("~")]

"""The data home: the one folder below which Foreplan keeps runs and indexes of this user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from ..core.errors import SettingsError
from .errors import StorageError

HOME_VARIABLE = "FOREPLAN_HOME"
_HINT = f"Name a folder that you may write to with --home or {HOME_VARIABLE}."


def data_home(setting: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """The data home, absolute: `setting`, else FOREPLAN_HOME, else the user data folder of this system.

    Raises:
        SettingsError: when there is no home folder to derive one from.
    """
    chosen = setting or (Path(environ[HOME_VARIABLE]) if environ.get(HOME_VARIABLE) else None)
    try:
        # Without a home, expanding `~` raises or leaves it as it is, which would make a folder called `~`.
        path = Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_path("foreplan", appauthor=False))
    except RuntimeError as error:
        raise SettingsError(f"No home folder is known for {chosen}.", hint=_HINT) from error
    if not chosen and (not path.is_absolute() or path.parts[1:2] == ("~",)):
        raise SettingsError("No home folder is known: HOME is not set and this user has none.", hint=_HINT)
    return path.absolute()


def writable_folder(path: Path) -> Path:
    """Make the folder `path` if needed, for this user alone, and return it once it is known to be writable.

    Raises:
        StorageError: when it cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"The folder {path} cannot be made: {error.strerror}.", hint=_HINT) from error
    if not os.access(path, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise StorageError(f"The folder {path} is read-only.", hint=_HINT)
    return path

"""The files under the named folders, and their bytes. Nothing outside those folders is ever opened.

In: folders and single files as the user named them. Out: regular files in a fixed order, and what was passed over, with
reasons. Links are never followed below a named folder: what they point to is either there anyway or not ours.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import SourceError
from .base import Skipped
from .readers.base import MAX_BYTES

IGNORED_FOLDERS = frozenset(("node_modules", "__pycache__", "venv", "site-packages", "dist-info"))
"""Folders of machine-made files; hidden ones (`.git`, `.venv`) are passed over by their dot."""

MAX_FILES = 200_000


class SourceFile(NamedTuple):
    """One regular file: where it is, how the user knows it, and what its directory entry says."""

    path: Path
    source: str
    size: int
    mtime_ns: int


def walk(folders: Sequence[Path]) -> Iterator[SourceFile | Skipped]:
    """The files of each folder in turn, sorted; each file once, under the first folder that has it.

    Raises:
        SourceError: when a named folder or file does not exist, cannot be listed, or there are too many files.
    """
    seen: set[Path] = set()
    sources: set[str] = set()
    for folder in folders:
        root = _resolved(folder)
        for path in _paths(root):
            if isinstance(path, Skipped):
                yield path
            elif path not in seen:
                seen.add(path)
                found = _entry(path, _source(root, path, sources))
                if found is not None:
                    yield found
                if len(seen) > MAX_FILES:
                    raise SourceError(f"{folder} has more than {MAX_FILES:,} files.", hint="Name a smaller folder.")


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """All bytes of a regular file.

    Raises:
        SourceError: when it cannot be opened, is no regular file (any more), or is larger than `limit`.
    """
    # Not blocking: a pipe put in the file's place would otherwise wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            entry = os.fstat(file.fileno())
            if not stat.S_ISREG(entry.st_mode):
                raise SourceError("it is not a regular file", lasting=False)
            # One byte more, to see a file that grows meanwhile.
            data = b"" if entry.st_size > limit else file.read(entry.st_size + 1)
    except OSError as error:
        raise SourceError(f"it cannot be opened: {error.strerror}", lasting=False) from error
    if entry.st_size > limit or len(data) > limit:
        raise SourceError(f"it is larger than {limit / 1e6:g} MB")
    return data


def _resolved(folder: Path) -> Path:
    try:
        return folder.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(
            f"There is no folder or file {str(folder)[:200]!r}.", hint="Check the path; quote it if it has spaces."
        ) from error


def _paths(root: Path) -> Iterator[Path | Skipped]:
    """Files below a folder, parents before children, each level sorted; a file gives itself."""
    if not root.is_dir():
        yield root
        return
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise SourceError(f"The folder {root} cannot be listed: {error.strerror}.") from error
            yield Skipped(_shown(folder, root), f"the folder cannot be listed: {error.strerror}", lasting=False)
            continue
        below: list[Path] = []
        for entry in entries:
            if entry.is_symlink():
                yield from _left_out_link(Path(entry.path), root)
            elif entry.is_dir():
                if not _ignored(entry.name):
                    below.append(Path(entry.path))
            elif not entry.name.startswith("."):
                yield Path(entry.path)
        pending.extend(reversed(below))


def _ignored(folder: str) -> bool:
    return folder.startswith(".") or folder in IGNORED_FOLDERS or folder.endswith((".egg-info", ".dist-info"))


def _left_out_link(link: Path, root: Path) -> Iterator[Skipped]:
    """Nothing for a link to what is below `root` (it is read there); a reason for one that leads out or nowhere."""
    try:
        inside = link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        yield Skipped(_shown(link, root), "it is a link that leads out of the folder or nowhere", lasting=False)


def _entry(path: Path, source: str) -> SourceFile | Skipped | None:
    try:
        entry = path.stat(follow_symlinks=False)
    except OSError as error:
        # Gone between listing and looking: as if it had never been there.
        return None if isinstance(error, FileNotFoundError) else Skipped(source, str(error.strerror), lasting=False)
    if not stat.S_ISREG(entry.st_mode):
        return Skipped(source, "it is not a regular file (a pipe, socket or device)", lasting=False)
    if entry.st_size > MAX_BYTES:
        return Skipped(source, f"it is larger than {MAX_BYTES / 1e6:g} MB", lasting=False)
    return SourceFile(path, source, entry.st_size, entry.st_mtime_ns)


def _source(root: Path, path: Path, taken: set[str]) -> str:
    """The path relative to its folder; where two folders have the same, the folder's name (and a number) in front."""
    relative = _shown(path, root)
    source = relative
    number = 1
    while source in taken:
        source = f"{root.name}/{relative}" if number == 1 else f"{root.name}-{number}/{relative}"
        number += 1
    taken.add(source)
    return source


def _shown(path: Path, root: Path) -> str:
    # Cut as strings: pathlib takes ten times as long, and folders have many files.
    relative = str(path)[len(str(root)) :].lstrip(os.sep).replace(os.sep, "/") or path.name
    return relative.encode("utf-8", "replace").decode("utf-8")

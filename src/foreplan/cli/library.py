"""The user's documents: folders go in, an index that holds what they hold now comes out, kept below the data home."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from foreplan.cli.given import nothing_to_read
from foreplan.cli.text import one_line
from foreplan.memory.documents.base import Skipped
from foreplan.memory.documents.index import DocumentIndex, IndexReport
from foreplan.memory.home import writable_folder

SHOWN_SKIPPED = 10
_REPORT_EVERY = 500


def index_folder(home: Path, folders: Sequence[Path]) -> Path:
    """Where the index of these folders is kept: the same for the same folders in any order.

    That of a folder which is a run's own, such as a feed's new documents, is kept with the run and goes with it.
    """
    if len(folders) == 1 and folders[0].parent.parent == home / "runs":
        return folders[0].parent / "index"
    names = sorted({str(folder.expanduser().resolve()) for folder in folders})
    return home / "indexes" / hashlib.sha256("\0".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def open_index(home: Path, folders: Sequence[Path]) -> tuple[DocumentIndex, IndexReport]:
    """The index of these folders, brought up to date.

    Raises:
        SourceError: when a folder is not there or cannot be listed.
        StorageError: when the data home cannot be written.
    """
    index = DocumentIndex.open(writable_folder(index_folder(home, folders)))
    return index, index.update([folder.expanduser() for folder in folders], progress=_tell)


def index_to_search(home: Path, folders: Sequence[Path]) -> DocumentIndex:
    """The index of these folders, with something in it. Files that could not be read are listed on standard error.

    Raises:
        InputError: when nothing in the folders can be read.
    """
    index, report = open_index(home, folders)
    for line in skipped_lines(report.skipped):
        print(line, file=sys.stderr)
    if len(index) == 0:
        index.close()
        raise nothing_to_read(folders)
    return index


def skipped_lines(skipped: Sequence[Skipped], shown: int = SHOWN_SKIPPED) -> list[str]:
    """A line for each file that was left out, the first `shown` of them."""
    lines = [f"skipped {one_line(each.path, 200)}: {one_line(each.reason, 200)}" for each in skipped[:shown]]
    if len(skipped) > shown:
        lines.append(f"skipped {len(skipped) - shown} more files; foreplan sources status DIR lists them all")
    return lines


def _tell(done: int, total: int, source: str) -> None:
    """Progress for folders so large that one would wonder."""
    if done % _REPORT_EVERY == 0 and done < total:
        print(f"reading documents: {done:,} of {total:,}", file=sys.stderr)

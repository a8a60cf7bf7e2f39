"""`foreplan sources status`: says what the index of folders holds and which files could not be read. Reads no file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foreplan.cli.given import home_from, settings_from
from foreplan.cli.library import index_folder, skipped_lines
from foreplan.cli.text import one_line
from foreplan.core.errors import InputError
from foreplan.memory.documents.index import DocumentIndex

SHOWN_DOCUMENTS = 20


def main(**flags: Any) -> int:
    """Say it; always 0.

    Raises:
        InputError: when these folders were never indexed.
    """
    folders: list[Path] = flags["folders"]
    where = index_folder(home_from(flags, settings_from(flags)), folders)
    if not where.is_dir():
        names = " ".join(map(str, folders))
        raise InputError(f"There is no index of {names}.", hint=f"Make one: foreplan sources index {names}")
    index = DocumentIndex.open(where)
    try:
        documents, skipped = index.documents(), index.skipped()
    finally:
        index.close()
    if flags["as_json"]:
        told = [{"title": title, "source": source} for _, title, source in documents]
        left_out = [{"path": each.path, "reason": each.reason} for each in skipped]
        print(json.dumps({"index": str(where), "documents": told, "skipped": left_out}))
        return 0
    print(f"{len(documents)} documents in {where}")
    for _, title, source in documents[:SHOWN_DOCUMENTS]:
        print(f"  {one_line(source, 200)}  {one_line(title, 80)}")
    if len(documents) > SHOWN_DOCUMENTS:
        print(f"  and {len(documents) - SHOWN_DOCUMENTS} more; --json lists all")
    for line in skipped_lines(skipped, shown=len(skipped)):
        print(line)
    return 0

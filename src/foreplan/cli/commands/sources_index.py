"""`foreplan sources index`: reads new and changed files of folders into their index."""

from __future__ import annotations

import json
from typing import Any

from foreplan.cli.given import home_from, settings_from
from foreplan.cli.library import open_index, skipped_lines


def main(**flags: Any) -> int:
    """Index; always 0, as files that cannot be read are listed and are no error.

    Raises:
        SourceError: when a folder is not there.
    """
    index, report = open_index(home_from(flags, settings_from(flags)), flags["folders"])
    documents = len(index)
    index.close()
    if flags["as_json"]:
        skipped = [{"path": each.path, "reason": each.reason} for each in report.skipped]
        numbers = {"added": report.added, "unchanged": report.unchanged, "removed": report.removed}
        print(json.dumps({"documents": documents, **numbers, "skipped": skipped}))
        return 0
    print(f"{documents} documents: {report.added} read, {report.unchanged} unchanged, {report.removed} removed")
    for line in skipped_lines(report.skipped):
        print(line)
    return 0

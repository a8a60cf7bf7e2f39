"""`foreplan traces export`: the chosen runs as JSONL in one form, to a file or to standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from foreplan.cli.given import settings_from
from foreplan.cli.plan_file import check_output
from foreplan.cli.runs import filters_from, places_from, tell_skipped
from foreplan.cli.text import counted
from foreplan.core.errors import InputError
from foreplan.core.settings.secrets import secrets_of
from foreplan.memory.redact import Redactor
from foreplan.train.rows.base import Exporter
from foreplan.train.rows.choose import choose, choose_by_brief
from foreplan.train.rows.export import export, whole_file
from foreplan.train.rows.formats import exporter
from foreplan.train.rows.row import TraceRow


def main(**flags: Any) -> int:
    """Export them; 0 also when no run gives a row, which is said.

    Raises:
        InputError: when there is no such format, or the file cannot be written.
        MissingExtra: when the form needs a library that is not installed.
    """
    form = exporter(flags["form"])
    _check(form, flags)
    redactor = Redactor(secrets_of(settings_from(flags)), personal=flags["redact_personal"])
    runs = _Counted(_runs(form, flags))
    if flags["output"] is None:
        rows = export(form, runs, redactor=redactor, out=sys.stdout)
    else:
        with whole_file(flags["output"]) as out:
            rows = export(form, runs, redactor=redactor, out=out)
    if flags["as_json"]:
        print(json.dumps({"format": form.name, "runs": runs.count, "rows": rows, "path": str(flags["output"])}))
    needs = "" if rows else f" A row of {form.name} needs {form.needs}."
    print(f"{counted(rows, 'row')} from {counted(runs.count, 'run')}.{needs}", file=sys.stderr)
    return 0


class _Counted(Iterator[TraceRow]):
    """Counts the runs that pass."""

    def __init__(self, runs: Iterator[TraceRow]) -> None:
        self._runs = runs
        self.count = 0

    def __next__(self) -> TraceRow:
        run = next(self._runs)
        self.count += 1
        return run


def _runs(form: Exporter, flags: Mapping[str, Any]) -> Iterator[TraceRow]:
    places, filters = places_from(flags), filters_from(flags)
    if form.grouped or flags["dedupe"]:
        return choose_by_brief(places, filters, only_best=flags["dedupe"], skip=tell_skipped)
    return choose(places, filters, skip=tell_skipped)


def _check(form: Exporter, flags: Mapping[str, Any]) -> None:
    if form.compares and flags["dedupe"]:
        raise InputError(
            f"{form.name} compares several plans of one brief, and --dedupe leaves one.", hint="Leave out --dedupe."
        )
    if flags["as_json"] and flags["output"] is None:
        raise InputError("The rows themselves go to standard output.", hint="Give -o FILE with --json.")
    check_output(flags["output"])

"""Plan files: a plan out as JSON for people to read and edit, and back in with all its faults at once.

A file is the plan's own fields after `"version": 1`. What comes in is hostile until it was read: its size is limited,
and whatever is wrong with it comes out as `InputError` with what to do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from .errors import InvalidPlan
from .plan import PLAN_VERSION, Plan
from .reading import JsonReader, NotJson, read_plan
from .validate import PlanRules

MAX_FILE_BYTES = 20_000_000

_EDIT_HINT = "Edit the plan, or write a new one with `foreplan plan`."


def dump_plan(plan: Plan) -> str:
    """The plan as the text of a plan file."""
    return json.dumps({"version": PLAN_VERSION, **plan.model_dump(mode="json")}, indent=2, ensure_ascii=False) + "\n"


def load_plan(source: str | Path, rules: PlanRules | None = None) -> Plan:
    """The plan in a file (`Path`) or in the text of one (`str`).

    Args:
        source: where the plan stands.
        rules: what the run asks of it; by default only that it is a plan at all.

    Raises:
        InputError: when the file cannot be read.
        InvalidPlan: when what it holds is no plan of this version, or breaks the rules; it lists every fault.
    """
    name = str(source) if isinstance(source, Path) else "The plan"
    text = _read_text(source) if isinstance(source, Path) else source
    if len(text) > MAX_FILE_BYTES:
        raise InvalidPlan(f"{name} is larger than {MAX_FILE_BYTES // 1_000_000} MB.")
    reader = JsonReader()
    try:
        data = reader.read(text)
    except NotJson as error:
        raise InvalidPlan(f"{name} is not JSON: {error}.", hint=_EDIT_HINT) from error
    read = read_plan(_without_version(data, name), rules or PlanRules())
    if reader.duplicates or isinstance(read, list):
        faults = reader.faults() + (read if isinstance(read, list) else [])
        raise InvalidPlan(f"{name} cannot be used:", faults=faults, hint=f"\n{_EDIT_HINT}")
    return read


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"The plan file {path} cannot be read: {error.strerror or error}.", hint="Check its name and permissions."
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise InvalidPlan(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB; plans are not.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPlan(f"{path} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8.") from error


def _without_version(data: Any, name: str) -> Any:
    """The plan's own fields, once the version was looked at."""
    if not isinstance(data, dict):
        return data
    version = data.get("version")
    if isinstance(version, int) and not isinstance(version, bool):
        if version == PLAN_VERSION:
            return {key: value for key, value in data.items() if key != "version"}
        if version > PLAN_VERSION:
            raise InvalidPlan(
                f"{name} has a newer version than {PLAN_VERSION}, which this Foreplan reads.",
                hint="Upgrade Foreplan, or write the plan anew with `foreplan plan`.",
            )
    raise InvalidPlan(
        f'{name} does not say which version it is: expected "version": {PLAN_VERSION}.',
        hint=f'Add "version": {PLAN_VERSION} if you wrote it by hand.',
    )

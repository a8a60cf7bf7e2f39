"""Plan files of the command line: a plan with the brief it is for, so that `foreplan run --plan FILE` needs no more.

The brief stands under `brief` beside the plan's own fields; a file without one is a plan for the question given.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foreplan.core.errors import InputError
from foreplan.planner.brief import Brief
from foreplan.planner.errors import Fault, InvalidPlan
from foreplan.planner.plan import Plan
from foreplan.planner.wire import dump_plan, load_plan


def dump_plan_file(plan: Plan, brief: Brief) -> str:
    """The text of a plan file."""
    own = json.loads(dump_plan(plan))
    version = own.pop("version")
    whole = {"version": version, "brief": brief.model_dump(mode="json"), **own}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def load_plan_file(path: Path) -> tuple[Plan, Brief | None]:
    """The plan in a file, and the brief it was made for.

    Raises:
        InputError: when the file cannot be read.
        InvalidPlan: when it holds no plan that can be run; it lists every fault.
    """
    whole = _object_in(path)
    if whole is None or "brief" not in whole:
        return load_plan(path), None
    told = whole.pop("brief")
    plan = load_plan(json.dumps(whole))
    try:
        return plan, Brief.model_validate(told)
    except ValidationError as error:
        faults = [
            Fault(".".join(["brief", *map(str, each["loc"])]), each["msg"])
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidPlan(f"{path} cannot be used:", faults=faults) from error


def _object_in(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None when it holds none, which `load_plan` then explains."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def check_output(path: Path | None) -> None:
    """See that a result can be written to `path` before work begins.

    Raises:
        InputError: when its folder is not there or it is a folder itself.
    """
    if path is None:
        return
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else "is in a folder that does not exist"
        raise InputError(f"{path}, where the result is to go, {what}.", hint="Choose another -o FILE.")


def write_output(path: Path, text: str) -> None:
    """Write a result where the user asked for it.

    Raises:
        InputError: when it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", hint="Choose another -o FILE.") from error

"""A planner that was trained: `--planner DIR` goes in, what plans in this process comes out.

A folder with a config.json is a model's folder; everything else is a model's name, as it always was. PyTorch is loaded
only for a folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreplan.core.errors import InputError

if TYPE_CHECKING:
    from foreplan.agents.roles import Planner
    from foreplan.core.events import Emit
    from foreplan.core.ledger import Account
    from foreplan.planner.brief import Brief
    from foreplan.planner.messages import WorkerOffer
    from foreplan.planner.plan import Plan
    from foreplan.planner.validate import PlanRules


def folder_named(flags: Mapping[str, Any]) -> Path | None:
    """The model's folder that `--planner` names, if it is one.

    Raises:
        InputError: when it can only be meant as a folder, and holds no model.
    """
    named = flags.get("planner")
    folder = Path(named).expanduser() if named else None
    if folder is None or (folder / "config.json").is_file():
        return folder
    if str(named).startswith(("/", ".", "~")):
        hint = "Name the folder that `foreplan train` wrote, or a model."
        raise InputError(f"There is no model in {named}.", hint=hint)
    return None


def trained_planner(flags: Mapping[str, Any]) -> Planner | None:
    """The planner of that folder, loaded; None when `--planner` names a model or nothing.

    Raises:
        MissingExtra: when a library of the extra `train` is missing.
        RecipeError: when the folder cannot be used.
    """
    folder = folder_named(flags)
    if folder is None:
        return None
    from foreplan.train.planner.in_process import TrainedPlanner

    return TrainedPlanner(folder)


async def plan_with(
    trained: Planner,
    brief: Brief,
    rules: PlanRules,
    *,
    account: Account,
    workers: Sequence[WorkerOffer],
    emit: Emit,
) -> Plan:
    """A whole plan for the brief, checked.

    Raises:
        PlanError: when there is none that keeps to the rules.
    """
    from foreplan.agents.context import Context
    from foreplan.agents.planners.choose import whole_plan
    from foreplan.agents.roles import Planning

    planning = Planning(brief=brief, rules=rules, account=account, workers=workers, emit=emit)
    return await whole_plan(Context(planner=trained), planning)


def without_folder(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags as settings take them: a folder is no model's name."""
    return {**flags, "planner": None} if folder_named(flags) else dict(flags)


def refuse_folder(flags: Mapping[str, Any], purpose: str) -> None:
    """Raise InputError when a folder is named where only an endpoint's model can plan."""
    if folder_named(flags):
        raise InputError(
            f"{purpose} cannot plan with a planner in a folder.",
            hint="Serve it with vLLM and name it there, or plan first: foreplan plan --planner DIR -o plan.json.",
        )

"""`foreplan plan`: a question goes in; a plan is printed, or saved with its brief for `foreplan run --plan`."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreplan.cli.banner import PLAN_BANNER, say_embedded
from foreplan.cli.given import brief_from, home_from, settings_from
from foreplan.cli.history import history_of
from foreplan.cli.library import index_to_search
from foreplan.cli.log import keep_words
from foreplan.cli.plan_file import check_output, dump_plan_file, write_output
from foreplan.cli.plan_view import plan_lines
from foreplan.cli.text import safe
from foreplan.cli.trained import plan_with, trained_planner, without_folder
from foreplan.core.errors import ForeplanError, InputError
from foreplan.core.events import Event, Retried
from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.roles import Models
from foreplan.core.settings.roles import models_from
from foreplan.planner.brief import Brief
from foreplan.planner.embedded import facets
from foreplan.planner.forecast.correct import correct
from foreplan.planner.forecast.cost import plan_cost
from foreplan.planner.forecast.history import History
from foreplan.planner.messages import WorkerOffer
from foreplan.planner.plan import Plan
from foreplan.planner.propose import propose
from foreplan.planner.validate import PlanRules

if TYPE_CHECKING:
    from foreplan.agents.roles import Planner


def main(**flags: Any) -> int:
    """Plan; 0 when there is a plan.

    Raises:
        ForeplanError: when there is none.
    """
    check_output(flags["output"])
    trained = trained_planner(flags)
    settings = settings_from(without_folder(flags))
    folders: list[Path] = flags["sources"] or []
    brief = brief_from(flags, folders)
    if folders:
        index_to_search(home_from(flags, settings), folders).close()
    models = models_from(settings)
    extractive = models.embedded and trained is None
    if extractive:
        say_embedded(settings, PLAN_BANNER)
    if extractive and not folders and facets(brief).mode != "direct":
        raise InputError(
            "There are no sources, and no model is configured to plan without them.",
            hint="Name a folder of documents with --sources DIR, or configure a model.",
        )
    history = None if extractive else history_of(settings, home_from(flags, settings))
    plan = facets(brief) if extractive else _planned(brief, models, trained, settings.run_limits, history)
    if not extractive and plan.subtasks:
        print(plan_cost(plan, history), file=sys.stderr)
    text = dump_plan_file(plan, brief)
    if flags["output"]:
        write_output(flags["output"], text)
        print(f"The plan is in {flags['output']}; run it with: {_to_run(flags)}", file=sys.stderr)
    elif not flags["as_json"]:
        print(safe("\n".join(plan_lines(plan))))
    if flags["as_json"]:
        print(json.dumps(json.loads(text)))
    return 0


def _to_run(flags: Mapping[str, Any]) -> str:
    return shlex.join(["foreplan", "run", "--plan", str(flags["output"])])


def _planned(brief: Brief, models: Models, trained: Planner | None, limits: Limits, history: History | None) -> Plan:
    try:
        return asyncio.run(_propose(brief, models, trained, limits, history))
    except ForeplanError as error:
        error.hint = " ".join(filter(None, [error.hint, keep_words(error, Path.cwd())]))
        raise


async def _propose(
    brief: Brief, models: Models, trained: Planner | None, limits: Limits, history: History | None
) -> Plan:
    ledger = Ledger(limits)
    offers = [WorkerOffer(name, model.spec.good_at, model.spec.known_price) for name, model in models.workers.items()]
    rules = PlanRules(
        budget_tokens=limits.tokens,
        writer_tokens=limits.writer_tokens or 0,
        workers=tuple(models.workers),
        sources=bool(brief.sources),
        cite=brief.cite,
    )
    try:
        account = ledger.account("planner")
        if trained is not None:
            plan = await plan_with(trained, brief, rules, account=account, workers=offers, emit=_tell)
        else:
            plan = await propose(models.planner, brief, account=account, rules=rules, workers=offers, emit=_tell)
        return plan if history is None else correct(plan, history, room=rules.subtask_tokens)
    finally:
        await models.aclose()


def _tell(event: Event) -> None:
    if isinstance(event, Retried):
        print(safe(f"note: {event.reason}, trying again"), file=sys.stderr)

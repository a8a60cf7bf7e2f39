"""`foreplan eval SUITE`: tasks are carried out, graded, logged and recorded; what came of them is printed."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreplan.agents.context import Context
from foreplan.cli.exits import DONE, BrokenRun
from foreplan.cli.given import home_from, settings_from
from foreplan.cli.history import history_of
from foreplan.cli.text import number, safe
from foreplan.cli.trained import trained_planner
from foreplan.core.errors import ForeplanError, InputError
from foreplan.core.models.roles import Models
from foreplan.core.settings import Settings
from foreplan.core.settings.roles import models_from
from foreplan.core.settings.secrets import secrets_of
from foreplan.evals.baselines.registry import PREFIX, check_name
from foreplan.evals.records import EvalRecord
from foreplan.evals.tasks.done import Setting
from foreplan.evals.tasks.evaluate import Chosen, Evaluated, choose, evaluate
from foreplan.evals.tasks.registry import EMBEDDED
from foreplan.evals.tasks.session import FOLDER, SPEC, EvalSpec, folder_of, new_eval_id, read_spec

if TYPE_CHECKING:
    from foreplan.agents.roles import Planner

_REPEATED = ("model", "planner", "worker", "writer", "base_url", "config", "home")
"""Flags that say which models work, to be given again."""


def main(**flags: Any) -> int:
    """Evaluate; 0 when all tasks were done, whatever came of them.

    Raises:
        ForeplanError: when it cannot begin, or an endpoint fails.
    """
    baseline = _baseline(flags["planner"])
    begun = _begun(flags)
    limits = {"budget": begun[1].budget_tokens} if begun and begun[1].budget_tokens else {}
    trained = trained_planner(flags)
    settings = settings_from({**flags, **limits, "planner": None if baseline or trained else flags["planner"]})
    home = home_from(flags, settings)
    models = Models() if flags["suite"] == EMBEDDED else models_from(settings)
    folder, spec = begun or _new(flags, settings, home, _planner(models, trained, baseline))
    _check_same(spec, flags, settings, _planner(models, trained, baseline))
    context = Context(
        models=models,
        planner=trained,
        limits=settings.run_limits,
        vary_workers=settings.vary_workers,
        history=None if models.embedded else history_of(settings, home),
    )
    chosen = choose(spec, context, baseline)
    _say_what(spec, chosen, folder, embedded=models.embedded)
    setting = Setting(context, folder, spec.suite, spec.planner, baseline, secrets_of(settings))
    with _told_how_to_go_on(folder, flags):
        told = _Progress(len(chosen.tasks) * spec.epochs)
        found = evaluate(spec, chosen.tasks, setting, concurrency=flags["at_once"], told=told)
    _deliver(found, home.absolute(), as_json=flags["as_json"])
    return DONE


class _Progress:
    """A line on standard error for each task that is over."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0

    def __call__(self, record: EvalRecord) -> None:
        self._done += 1
        epoch = f" epoch {record.epoch + 1}" if record.epoch else ""
        line = f"{self._done}/{self._total} {record.task}{epoch}: {record.score:.2f}, {number(record.tokens)} tokens"
        print(safe(line), file=sys.stderr, flush=True)


def _baseline(planner: str | None) -> str | None:
    """The name of the baseline that is to plan, if it is one."""
    return check_name(planner) if planner and planner.startswith(PREFIX) else None


def _begun(flags: Mapping[str, Any]) -> tuple[Path, EvalSpec] | None:
    """Folder and spec of the evaluation that is to be gone on with, by `--resume`; None for a new one."""
    if flags["resume"] is None:
        return None
    if flags["output"] is not None:
        raise InputError("An evaluation that goes on has its folder already.", hint="Give --resume without --output.")
    settings = settings_from({"config": flags["config"]})
    folder = folder_of(home_from(flags, settings), flags["resume"])
    return folder, read_spec(folder)


def _new(flags: Mapping[str, Any], settings: Settings, home: Path, planner: str) -> tuple[Path, EvalSpec]:
    output: Path | None = flags["output"]
    if output is not None and (output / SPEC).exists():
        raise InputError(
            f"There is an evaluation in {output} already.", hint=f"Choose another folder, or give --resume {output}."
        )
    name = new_eval_id()
    spec = EvalSpec(
        id=name,
        suite=flags["suite"],
        planner=planner,
        data=tuple(each.expanduser().absolute() for each in flags["data"] or ()),
        limit=flags["limit"],
        epochs=flags["epochs"] or 1,
        budget_tokens=settings.run_limits.tokens,
    )
    return (output or home / FOLDER / name).absolute(), spec


def _planner(models: Models, trained: Planner | None, baseline: str | None) -> str:
    """What records call the planner."""
    if baseline is not None:
        return f"{PREFIX}{baseline}"
    if trained is not None:
        return f"trained:{trained.name}"
    return "embedded" if models.embedded else models.planner.spec.model


def _check_same(spec: EvalSpec, flags: Mapping[str, Any], settings: Settings, planner: str) -> None:
    """See that an evaluation goes on as it was begun: else its records would be of different things.

    Raises:
        InputError: when something else is asked for.
    """
    data = tuple(each.expanduser().absolute() for each in flags["data"] or ())
    asked = {
        "suite": (flags["suite"], spec.suite),
        "planner": (planner, spec.planner),
        "data": (data or spec.data, spec.data),
        "limit": (flags["limit"] or spec.limit, spec.limit),
        "epochs": (flags["epochs"] or spec.epochs, spec.epochs),
        "budget": (settings.run_limits.tokens, spec.budget_tokens),
    }
    for name, (now, then) in asked.items():
        if now != then:
            raise InputError(
                f"Evaluation {spec.id} was begun with {name} {then}, not {now}.",
                hint="Go on with it as it was begun, or begin a new one.",
            )


def _say_what(spec: EvalSpec, chosen: Chosen, folder: Path, *, embedded: bool) -> None:
    roles = "no model is used" if embedded else f"at most {spec.budget_tokens or 'any number of'} tokens a task"
    print(f"{spec.suite}: {len(chosen.tasks)} tasks, planner {spec.planner}, {roles}. In {folder}", file=sys.stderr)
    if chosen.left_out:
        print(f"note: {chosen.left_out} tasks are left out: they need a planner that was not given.", file=sys.stderr)


@contextmanager
def _told_how_to_go_on(folder: Path, flags: Mapping[str, Any]) -> Iterator[None]:
    """Whatever stops an evaluation says how to go on with it: nothing it has done is lost."""
    words = ["foreplan", "eval", flags["suite"], "--resume", str(folder)]
    for name in _REPEATED:
        words += [f"--{name.replace('_', '-')}", str(flags[name])] if flags.get(name) else []
    words += ["--embedded"] if flags["embedded"] else []
    hint = f"What is done is kept; go on with: {shlex.join(words)}"
    try:
        yield
    except KeyboardInterrupt:
        print(f"\n{hint}", file=sys.stderr)
        raise
    except ForeplanError as error:
        error.hint = " ".join(filter(None, [error.hint, hint])) if (folder / SPEC).is_file() else error.hint
        raise
    except BrokenPipeError:
        raise  # whoever watched has gone
    except Exception as error:
        raise BrokenRun(hint) from error


def _deliver(found: Evaluated, home: Path, *, as_json: bool) -> None:
    told = found.to_json()
    if as_json:
        print(json.dumps(told))
        return
    per_solved = found.summary.efficiency.tokens_per_solved
    print(f"score          {told['score']:.3f}")
    print(f"solved         {told['solved']:.1%} of {len(found.records)}")
    print(f"tokens         {number(told['tokens'])} (planner included)")
    print(f"tokens/solved  {'none solved' if per_solved is None else number(round(per_solved))}")
    print(f"log            inspect view --log-dir {shlex.quote(str(found.folder))}")
    named = found.folder.name if found.folder.parent == home / FOLDER else shlex.quote(str(found.folder))
    print(f"compare        foreplan eval compare {named} OTHER")

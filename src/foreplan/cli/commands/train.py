"""`foreplan train`: flags go in; a training runs with its progress on standard error, and its folder is told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreplan.cli.text import safe
from foreplan.core.errors import InputError
from foreplan.train.errors import TrainError
from foreplan.train.planner.model import TINY_BASE, need_extra
from foreplan.train.recipe import Recipe, load_recipe

DEFAULT_RECIPE = "tiny-cpu"

if TYPE_CHECKING:
    from foreplan.train.estimate import Estimate
    from foreplan.train.progress import Progress
    from foreplan.train.running import Hooks
    from foreplan.train.stages import Asked


def main(**flags: Any) -> int:
    """Train; 0 when there is a planner.

    Raises:
        ForeplanError: when there is none.
    """
    recipe = recipe_from(flags)
    need_extra("Training")
    from foreplan.train.launch import launch_command, wants_launch
    from foreplan.train.planner.model import check_base, quiet
    from foreplan.train.stages import check_sources, open_folder, run_stage

    quiet()
    wanted = _asked(recipe, flags)
    if not flags["resume"]:
        check_sources(wanted)
    if flags["dry_run"]:
        return _dry_run(recipe, flags)
    if recipe.engine == "verl" and flags["stage"] == "rl":
        return _export(recipe, flags)
    asked = open_folder(flags["output"], wanted, resume=flags["resume"])
    _check_same(wanted, asked, flags)
    check_base(asked.recipe.model.base, download=asked.download)
    if wants_launch(asked.recipe):
        command = launch_command(asked.recipe, flags["output"], [*sys.argv[1:], "--resume"])
        os.execv(command[0], command)  # noqa: S606 - ourselves, on several processes
    shown: list[Progress] = []
    try:
        trained = run_stage(asked, flags["output"], _hooks(flags, shown), say)
    except TrainError as error:
        error.hint = f"{error.hint} To go on: foreplan train {asked.stage} -o {flags['output']} --resume"
        raise
    except KeyboardInterrupt:
        say(f"Stopped. To go on: foreplan train {asked.stage} -o {flags['output']} --resume")
        raise
    finally:
        for each in shown:
            each.stop()
    _deliver(trained.numbers, asked.stage, flags)
    return 0


def recipe_from(flags: Mapping[str, Any]) -> Recipe:
    """The recipe with `--model` and `--world` on top.

    Raises:
        InputError: when sources are given that do not go together.
        RecipeError: when the recipe cannot be used.
    """
    given = [name for name in ("traces", "world", "rows") if flags.get(name)]
    if len(given) > 1:
        raise InputError(f"--{given[0]} and --{given[1]} do not go together.", hint="Give one source of rows.")
    recipe = load_recipe(flags["recipe"])
    base = _base(flags.get("model") or recipe.model.base)
    recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"base": base})})
    if flags.get("world"):
        told = {"world": flags["world"], "dials": {}}
        if flags["world"] != recipe.data.world:
            recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=told)})
    return recipe


def _base(given: str) -> str:
    """A model's folder by its whole path, so that the training can be gone on with from anywhere; or what was given."""
    folder = Path(given).expanduser()
    return str(folder.absolute()) if given not in ("", TINY_BASE) and folder.is_dir() else given


def say(sentence: str) -> None:
    """Tell the user something on standard error."""
    print(safe(sentence), file=sys.stderr, flush=True)


def _asked(recipe: Recipe, flags: Mapping[str, Any]) -> Asked:
    from foreplan.train.stages import Asked

    return Asked(
        stage=flags["stage"],
        recipe=recipe,
        download=flags["download"],
        traces=tuple(each.absolute() for each in flags["traces"] or ()),
        rows=flags["rows"].absolute() if flags["rows"] else None,
    )


def _check_same(wanted: Asked, begun: Asked, flags: Mapping[str, Any]) -> None:
    """See that the flags ask for nothing else than what the training was begun with.

    Raises:
        InputError: when one does, since it would be ignored.
    """
    told = {
        "--recipe": flags["recipe"] != DEFAULT_RECIPE and _unflagged(wanted.recipe) != _unflagged(begun.recipe),
        "--model": bool(flags["model"]) and wanted.recipe.model.base != begun.recipe.model.base,
        "--world": bool(flags["world"]) and wanted.recipe.data.world != begun.recipe.data.world,
        "--rows": wanted.rows is not None and wanted.rows != begun.rows,
        "--traces": bool(wanted.traces) and wanted.traces != begun.traces,
    }
    for flag in (name for name, differs in told.items() if differs):
        raise InputError(
            f"The training in {flags['output']} was begun with another {flag}.",
            hint="Leave it out, for what it was begun with stands in training.json there; or begin in another folder.",
        )


def _unflagged(recipe: Recipe) -> Recipe:
    """The recipe without what flags may have said."""
    model = recipe.model.model_copy(update={"base": ""})
    return recipe.model_copy(update={"model": model, "data": recipe.data.model_copy(update={"world": "", "dials": {}})})


def _hooks(flags: Mapping[str, Any], shown: list[Progress]) -> Callable[[str], Hooks]:
    """Makes what goes along with each stage; what shows it is noted in `shown`."""
    from foreplan.train.launch import is_main
    from foreplan.train.progress import Progress
    from foreplan.train.running import Hooks

    def hooks(stage: str) -> Hooks:
        if is_main():
            shown.append(Progress(stage))
        return Hooks(callbacks=shown[-1:], resume=flags["resume"], say=say)

    return hooks


def _export(recipe: Recipe, flags: Mapping[str, Any]) -> int:
    """Write the training for verl instead of doing it."""
    from foreplan.train.verl.export import export

    written = [str(path) for path in export(recipe, flags["output"])]
    if flags["as_json"]:
        print(json.dumps({"written": written}))
    say(f"wrote {', '.join(written)}")
    say(f"Where verl and foreplan are installed: sh {flags['output'] / 'run.sh'} MODEL_DIR")
    return 0


def _dry_run(recipe: Recipe, flags: Mapping[str, Any]) -> int:
    from foreplan.train.estimate import estimate

    say_estimate(estimate(flags["stage"], recipe, download=flags["download"]), as_json=flags["as_json"])
    return 0


def say_estimate(found: Estimate, *, as_json: bool) -> None:
    """Print what a training will take."""
    print(json.dumps(found.to_json()) if as_json else "\n".join(found.lines()))


def _deliver(numbers: Mapping[str, float], stage: str, flags: Mapping[str, Any]) -> None:
    folder: Path = flags["output"]
    if flags["as_json"]:
        print(json.dumps({"planner": str(folder), "stage": stage, **numbers}))
        return
    said = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
    if said:
        say(f"on held-out problems: {said}")
    outputs = f"; every output: {folder / 'outputs.html'}" if stage == "rl" else ""
    say(f"how it went: {folder / 'report.html'}{outputs}")
    say(f"The planner is in {folder}; plan with it: foreplan plan --planner {folder}")

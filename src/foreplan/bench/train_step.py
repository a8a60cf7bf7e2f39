"""CPU seconds of a training step against TRL's own trainer, on one thread: same model, prompts, reward and settings.

Groups of 8, prompts of 500 tokens, completions of 96 (and 512), generation included. What both learn is compared on a
smaller task, over two seeds.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from importlib import import_module, util
from pathlib import Path
from typing import Any

from foreplan.evals.errors import MissingExtra

_SIZES = {
    "step": {"prompt": 500, "completion": 96, "steps": 6, "groups": 2, "hidden": 192, "layers": 4},
    "long": {"prompt": 500, "completion": 512, "steps": 3, "groups": 1, "hidden": 192, "layers": 4},
    "learn": {"prompt": 32, "completion": 24, "steps": 60, "groups": 8, "hidden": 64, "layers": 2},
}
_QUICK = {
    "step": {"steps": 3, "groups": 1},
    "long": {"steps": 2, "hidden": 64, "layers": 2},
    "learn": {"steps": 8},
}


def run(*, data: Path | None = None, quick: bool = False) -> dict[str, Any]:
    """Measure both trainers; medians of steps, the first left out.

    Args:
        data: not used, the prompts are generated.
        quick: fewer steps and smaller models: a smoke test.

    Returns:
        `ratio` and `ratio_update` (without generation) at 96 tokens, `ratio_long` and `ratio_long_update` at 512, each
        our CPU seconds ÷ TRL's; `step_s` and `stock_step_s`; `learning_curves`: mean rewards at the `start` and at the
        end by seed, the `gap` of the curves and the `noise` between seeds; `curve_gap`: gap ÷ noise.
    """
    if util.find_spec("trl") is None:
        raise MissingExtra("trl", "Measuring a training step", extra="train")
    against = import_module("foreplan.train.trainer.against_trl")
    sizes = {name: against.Size(**size) for name, size in _sizes(quick).items()}
    with redirect_stdout(sys.stderr):
        step = against.compare(sizes["step"])
        long = against.compare(sizes["long"])
        learned = against.curves(sizes["learn"])
    return {
        **step,
        "ratio_long": long["ratio"],
        "ratio_long_update": long["ratio_update"],
        "curve_gap": learned["gap"] / max(learned["noise"], 1e-9),
        "learning_curves": learned,
    }


def _sizes(quick: bool) -> dict[str, dict[str, int]]:
    return {name: {**size, **(_QUICK[name] if quick else {})} for name, size in _SIZES.items()}

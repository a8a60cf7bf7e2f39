"""What every training has in common: TRL's arguments, going on from a checkpoint, halving a batch that does not fit.

Laws: a checkpoint is gone on from only when it is whole; out of memory halves the micro-batch once and says so, with
the same number of rows in an update; what a trainer learned comes out as a plain model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from .errors import RecipeError, TrainError
from .journal import Journal
from .memory_errors import memory_errors
from .recipe import Recipe

CHECKPOINTS = "checkpoints"
_WHOLE = "trainer_state.json"


class _Table(Protocol):
    @property
    def batch(self) -> int: ...
    @property
    def micro_batch(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def checkpoint_every(self) -> int: ...


@dataclass(frozen=True)
class Hooks:
    """What goes along with a training.

    Attributes:
        callbacks: of transformers, told of steps and numbers.
        resume: go on from the last checkpoint, if there is one.
        say: tells the user a sentence.
    """

    callbacks: Sequence[Any] = ()
    resume: bool = False
    say: Callable[[str], None] = field(default=lambda _: None)


def common_arguments(recipe: Recipe, table: _Table, output: Path, *, steps: int) -> dict[str, Any]:
    """What the recipe says, as arguments that all of TRL's configs share.

    Raises:
        RecipeError: when a library that numbers are to be sent to is missing.
    """
    import torch

    micro = min(table.micro_batch, table.batch)
    return {
        "output_dir": str(output / CHECKPOINTS),
        "max_steps": steps,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": -(-table.batch // micro),
        "learning_rate": table.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": min(20, steps // 10),
        "logging_steps": max(1, min(10, steps // 20)),
        "save_steps": table.checkpoint_every,
        "save_total_limit": 2,
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "report_to": reporting(recipe),
        "disable_tqdm": True,
        "use_cpu": not torch.cuda.is_available(),
        "bf16": recipe.model.dtype == "bfloat16",
        "gradient_checkpointing": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def reporting(recipe: Recipe) -> list[str] | str:
    """Where TRL sends its numbers too, as its `report_to`.

    Raises:
        RecipeError: when a library for that is missing.
    """
    for name in recipe.report_to:
        if find_spec(name) is None:
            raise RecipeError(
                f"report_to names {name}, which is not installed.", hint=f"Install it with: pip install {name}."
            )
    return list(recipe.report_to) or "none"


def last_checkpoint(output: Path) -> Path | None:
    """The newest whole checkpoint below a training's folder."""
    found = [each for each in (output / CHECKPOINTS).glob("checkpoint-*") if (each / _WHOLE).is_file()]
    return max(found, key=lambda each: int(each.name.rpartition("-")[2]), default=None)


def fit(trainer: Any, output: Path, hooks: Hooks) -> Any:
    """Let a trainer of TRL run to its end, its numbers kept in `output`; the trained model comes out.

    Raises:
        TrainError: when memory is too small even for half the micro-batch.
    """
    import torch
    from transformers import PrinterCallback

    from .noting import Noting

    trainer.add_callback(Noting(Journal(output)))
    trainer.remove_callback(PrinterCallback)
    checkpoint = last_checkpoint(output) if hooks.resume else None
    try:
        _train(trainer, checkpoint)
    except torch.OutOfMemoryError as error:
        _halve(trainer, hooks, error)
        try:
            _train(trainer, last_checkpoint(output))
        except torch.OutOfMemoryError as again:
            raise _too_small("half the micro-batch") from again
    return trained_by(trainer)


def trained_by(trainer: Any) -> Any:
    """A trainer's model; adapters are merged into it."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def _train(trainer: Any, checkpoint: Path | None) -> None:
    with memory_errors():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def _halve(trainer: Any, hooks: Hooks, error: Exception) -> None:
    """Half as many rows in memory at once, twice as often, from where the training is now."""
    import torch

    rows = trainer.args.per_device_train_batch_size
    if rows < 2:
        raise _too_small("a single row") from error
    torch.cuda.empty_cache()
    if trainer.state.global_step:
        trainer.model.zero_grad()
        trainer._save_checkpoint(trainer.model, None)
    trainer.args.per_device_train_batch_size = trainer._train_batch_size = rows // 2
    trainer.args.gradient_accumulation_steps *= 2
    trainer.accelerator.gradient_accumulation_steps = trainer.args.gradient_accumulation_steps
    hooks.say(f"out of memory with {rows} rows at once: going on with {rows // 2}, and as many in an update as before")


def _too_small(what: str) -> TrainError:
    return TrainError(
        f"Memory is too small for {what}.",
        hint="Use a smaller model, LoRA, or lower max_tokens or micro_batch; what the training was begun with stands in"
        " training.json.",
    )

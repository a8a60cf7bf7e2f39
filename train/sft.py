"""Supervised fine-tuning: rows go in, a planner's folder comes out, through TRL's SFTTrainer.

Law: a row's prompt is made by `planner.prompt`, which also makes it at run time; loss is on the completion alone. Rows
that are longer than the limit are left out, since a plan that is cut off teaches to cut plans off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .errors import RecipeError
from .planner.prompt import completion_ids, prompt_ids
from .recipe import ModelTable, Recipe
from .running import Hooks, common_arguments, fit


class Tokens(NamedTuple):
    """Rows as tokens, and how many were left out because they are too long."""

    rows: list[dict[str, list[int]]]
    too_long: int


def token_rows(tokenizer: Any, rows: Iterable[Mapping[str, Any]], *, max_tokens: int) -> Tokens:
    """Rows with `prompt` and `completion` as `input_ids` and `completion_mask` (1 where a token is of the completion).

    Raises:
        RecipeError: when none is left, or a row has words that the tokenizer does not know.
    """
    made, too_long = [], 0
    for row in rows:
        prompt, completion = prompt_ids(tokenizer, row["prompt"]), completion_ids(tokenizer, row["completion"])
        if len(prompt) + len(completion) > max_tokens:
            too_long += 1
            continue
        mask = [0] * len(prompt) + [1] * len(completion)
        made.append({"input_ids": [*prompt, *completion], "completion_mask": mask})
    if not made:
        longer = f" All {too_long} are longer than {max_tokens} tokens." if too_long else ""
        raise RecipeError(
            f"There are no rows to train on.{longer}", hint="Check the source of the rows, or raise sft.max_tokens."
        )
    return Tokens(made, too_long)


def train_sft(
    model: Any, tokenizer: Any, rows: Sequence[Mapping[str, list[int]]], recipe: Recipe, output: Path, hooks: Hooks
) -> Any:
    """Train `model` on the rows of `token_rows`; checkpoints go to `output`.

    Returns:
        The trained model; with LoRA, the adapters are merged into it.
    """
    from datasets import Dataset  # type: ignore[import-untyped]
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    table = recipe.sft
    arguments = SFTConfig(
        **common_arguments(recipe, table, output, steps=table.steps),
        max_length=table.max_tokens,
        packing=table.packing,
        completion_only_loss=True,
    )
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list([dict(row) for row in rows]),
        processing_class=tokenizer,
        peft_config=lora(recipe.model),
        callbacks=list(hooks.callbacks),
    )
    return fit(trainer, output, hooks)


def lora(table: ModelTable) -> Any:
    """The adapters that a recipe asks for (LoRA, Hu et al. 2021, on every linear layer), or None."""
    if not table.lora_rank:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=table.lora_rank, lora_alpha=2 * table.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )

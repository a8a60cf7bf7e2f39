"""What a training will take, before it starts: a recipe goes in; parameters, memory, tokens and time come out.

Nothing is loaded but the model's config; its parameters are counted without memory for them. Arithmetic: a token costs
2 N operations forward and 4 N backward for N parameters (Kaplan et al. 2020, arXiv 2001.08361, section 2.1); drawing
tokens one after the other costs a pass over all layers each. How fast this machine multiplies is measured. Memory:
AdamW keeps 16 bytes a trained parameter in float32 (weight, gradient, two moments). It is right within a small factor.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .errors import RecipeError
from .planner.model import TINY_BASE, check_base, network
from .recipe import Recipe
from .trainer.config import RLConfig

_PROMPT_TOKENS = {"market": 60}
_CHAT_PROMPT_TOKENS = 700
_USED_SHARE = 0.3
"""Of the speed of a large product, what training reaches."""
_SECONDS_A_LAYER = 4e-4
"""What a layer costs at the least when tokens are drawn one after the other."""
_ACTIVATIONS = 34
"""Bytes a token, layer and unit of width, without scores (Korthikanti et al. 2022, arXiv 2205.05198, eq. 1)."""


@dataclass(frozen=True)
class Estimate:
    """What a training will take.

    Attributes:
        parameters: of the model.
        trained: of them, those that are trained.
        memory_bytes: of each process at the peak, about.
        tokens: read and written altogether, about.
        seconds: about, on this machine.
        rows: plans that are imitated, compared or drawn.
    """

    parameters: int
    trained: int
    memory_bytes: int
    tokens: int
    seconds: float
    rows: int

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        from .progress import clock

        return [
            f"parameters: {self.parameters:,}, of which {self.trained:,} are trained",
            f"memory: about {self.memory_bytes / 2**30:.2f} GiB in each process",
            f"plans: {self.rows:,}; tokens: about {self.tokens:,}",
            f"time: about {clock(self.seconds)} on this machine",
        ]


@dataclass(frozen=True)
class _Shape:
    parameters: int
    width: int
    layers: int
    vocabulary: int


def estimate(stage: str, recipe: Recipe, *, download: bool = False) -> Estimate:
    """What `stage` of a recipe will take.

    Raises:
        RecipeError: when the model's config cannot be read.
    """
    shape = _shape(recipe, download=download)
    processes = int(recipe.accelerate.get("num_processes", 1))
    trained = _lora_parameters(shape, recipe.model.lora_rank) or shape.parameters
    works = [_by_rows(recipe, stage)] if stage != "rl" else [_by_rl(recipe, processes)]
    if stage == "rl" and recipe.model.base == TINY_BASE:
        works.append(_by_rows(recipe, "sft"))
    speed = _speed() * _USED_SHARE
    operations = sum(each.operations * shape.parameters for each in works)
    waiting = sum(each.turns * shape.layers * _SECONDS_A_LAYER for each in works)
    sharded = processes if recipe.accelerate.get("distributed_type") == "FSDP" else 1
    weight = 4 if recipe.model.dtype == "float32" else 2
    fixed = (shape.parameters * weight + trained * (weight + 8)) // sharded
    moving = max(_moving(shape, each) for each in works)
    return Estimate(
        parameters=shape.parameters,
        trained=trained,
        memory_bytes=fixed + moving,
        tokens=sum(each.tokens for each in works) * processes,
        seconds=operations / speed + waiting,
        rows=sum(each.rows for each in works) * processes,
    )


def estimate_comparison(recipe: Recipe, *, seeds: int, rewards: int) -> Estimate:
    """What comparing so many rewards will take: imitation once for each seed, then practice under each reward.

    Raises:
        RecipeError: when the model's config cannot be read.
    """
    sft, practice = estimate("sft", recipe), estimate("rl", recipe)
    # The estimate of a practice from scratch holds the imitation before it.
    again = 1 if recipe.model.base == TINY_BASE else 0

    def total(first: float, whole: float) -> float:
        return seeds * (first + rewards * (whole - again * first))

    return replace(
        practice,
        tokens=int(total(sft.tokens, practice.tokens)),
        seconds=total(sft.seconds, practice.seconds),
        rows=int(total(sft.rows, practice.rows)),
    )


@dataclass(frozen=True)
class _Work:
    """What one process does: rows, tokens, operations a parameter, tokens in memory at once, turns of drawing."""

    rows: int
    tokens: int
    operations: float
    at_once: int
    turns: int = 0


def _by_rows(recipe: Recipe, stage: str) -> _Work:
    table = recipe.sft if stage == "sft" else recipe.prefer
    rows, length = table.steps * table.batch, min(table.max_tokens, _prompt(recipe) + recipe.rl.max_tokens)
    if stage == "sft":
        return _Work(rows, rows * length, 6.0 * rows * length, table.micro_batch * length)
    # Two plans of a row, each also by the reference.
    return _Work(rows, 2 * rows * length, 16.0 * rows * length, 2 * table.micro_batch * length)


def _by_rl(recipe: Recipe, processes: int) -> _Work:
    config: RLConfig = recipe.rl
    rows = config.steps * config.rows // processes
    prompts = rows // config.group * _prompt(recipe)
    tokens = prompts + rows * config.max_tokens // 2
    micro = config.group if recipe.engine == "verl" else config.micro_batch_of(processes)
    at_once = micro * config.max_tokens + micro // config.group * _prompt(recipe)
    return _Work(rows, tokens, (2.0 + 6.0 * config.updates) * tokens, at_once, config.steps * config.max_tokens // 2)


def _prompt(recipe: Recipe) -> int:
    return _PROMPT_TOKENS["market"] if recipe.model.base == TINY_BASE else _CHAT_PROMPT_TOKENS


def _moving(shape: _Shape, work: _Work) -> int:
    return work.at_once * (shape.layers * shape.width * _ACTIVATIONS * 2 + 3 * 4 * shape.vocabulary)


def _lora_parameters(shape: _Shape, rank: int) -> int:
    """About seven products a layer, of which the feed-forward's are the widest."""
    return rank * shape.layers * shape.width * 22 if rank else 0


def _shape(recipe: Recipe, *, download: bool) -> _Shape:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if recipe.model.base == TINY_BASE:
        from .tiny.model import tiny_model
        from .tiny.words import tiny_tokenizer

        model = tiny_model(tiny_tokenizer(), hidden=recipe.model.hidden, layers=recipe.model.layers)
        return _shape_of(model)
    check_base(recipe.model.base, download=download)
    where = str(Path(recipe.model.base).expanduser())
    try:
        with network(allowed=download):
            config = AutoConfig.from_pretrained(where, local_files_only=not download)
        with torch.device("meta"):
            return _shape_of(AutoModelForCausalLM.from_config(config))  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError) as error:
        raise RecipeError(
            f"The config of the model {where[:300]!r} cannot be read: {str(error).splitlines()[0][:300]}",
            hint="Its folder must hold the config.json of a causal language model.",
        ) from error


def _shape_of(model: Any) -> _Shape:
    config = model.config.get_text_config()
    return _Shape(
        sum(each.numel() for each in model.parameters()),
        config.hidden_size,
        config.num_hidden_layers,
        config.vocab_size,
    )


def _speed() -> float:
    """Operations a second of a product of matrices here."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 4_096 if device == "cuda" else 512
    one = torch.rand(size, size, device=device, dtype=torch.bfloat16 if device == "cuda" else torch.float32)
    float((one @ one).sum())
    began = time.perf_counter()
    for _ in range(4):
        product = one @ one
    float(product.sum())
    return 4 * 2 * size**3 / max(1e-9, time.perf_counter() - began)

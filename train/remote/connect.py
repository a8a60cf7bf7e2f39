"""A recipe's server goes in; a sampler that draws from it, and what gives it the weights of each step, come out.

Weights go by a folder that the server can read: whole models are reloaded, adapters loaded under a new name. Law: the
folder of the step before stays until the server has the new one.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import RecipeError
from ..grammar.base import Grammar
from ..planner.json_plan import json_reader
from ..planner.model import TINY_BASE, Start
from ..recipe import Recipe
from ..trainer.ports import Publish
from .sampler import RemoteSampler
from .weights import load_adapter, reload_weights, unload_adapter
from .wire import Server

WEIGHTS = "weights"


def connected(
    begun: Start, recipe: Recipe, output: Path, *, schema: Mapping[str, Any] | None, grammar: Grammar | None
) -> tuple[RemoteSampler, Publish]:
    """Sampler and publisher.

    Raises:
        RecipeError: when the planner can only be drawn from in process, or the key is not set.
    """
    table = recipe.server
    if recipe.model.base == TINY_BASE or begun.card.codec == "compact":
        raise RecipeError(
            "A tiny planner writes under its grammar, which only the training's own process has.",
            hint="Leave out [server], or train a chat model.",
        )
    if int(recipe.accelerate.get("num_processes", 1)) > 1:
        raise RecipeError(
            "Several processes cannot give their weights to one server.", hint="Leave out [server] or [accelerate]."
        )
    key = os.environ.get(table.api_key_env, "") if table.api_key_env else ""
    if table.api_key_env and not key:
        raise RecipeError(f"The variable {table.api_key_env} is not set.", hint="Set it to the server's key.")
    server = Server(table.base_url, key=key)
    sampler = RemoteSampler(
        server,
        table.model,
        read=json_reader(begun.tokenizer),
        temperature=recipe.rl.temperature,
        schema=schema,
        grammar=grammar,
        concurrency=table.concurrency,
    )
    return sampler, _Publisher(server, sampler, output / WEIGHTS, Path(recipe.model.base).expanduser())


class _Publisher:
    """Writes the weights of a step and lets the server load them."""

    def __init__(self, server: Server, sampler: RemoteSampler, folder: Path, base: Path) -> None:
        self._server, self._sampler, self._folder, self._base = server, sampler, folder, base
        self._model_name = sampler.name

    def __call__(self, model: Any, step: int) -> None:
        """See `ports.Publish`."""
        folder = self._folder / f"step-{step}"
        model.save_pretrained(folder)
        if hasattr(model, "peft_config"):
            # A name that the server has not heard: a training that goes on comes by the same step again.
            name = f"foreplan-{step}-{secrets.token_hex(4)}"
            load_adapter(self._server, folder, name=name)
            if self._sampler.name != self._model_name:
                unload_adapter(self._server, self._sampler.name)
            self._sampler.name = name
        else:
            reload_weights(self._server, folder, like=self._base, name=self._model_name)
        for old in self._folder.glob("step-*"):
            if old != folder:
                shutil.rmtree(old)

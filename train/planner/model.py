"""Where a training starts: a recipe's model goes in; weights, tokenizer and card come out.

Laws: nothing is downloaded unless it was asked for in so many words; no code of a model's folder is run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ...evals.errors import MissingExtra
from ..errors import RecipeError
from ..recipe import ModelTable
from ..tiny.folder import CARD, TINY, Card, read_card

TINY_BASE = "tiny"
CHAT = Card(prompt="chat", codec="json")
_NEEDED = ("torch", "transformers", "trl", "accelerate", "peft", "datasets")


class Start(NamedTuple):
    """A model to train. `card` says what it reads and writes."""

    model: Any
    tokenizer: Any
    card: Card


def need_extra(purpose: str) -> None:
    """Check that the libraries of the extra `train` are there.

    Raises:
        MissingExtra: when one is not.
    """
    for library in _NEEDED:
        try:
            import_module(library)
        except ImportError as error:
            raise MissingExtra(library, purpose, extra="train") from error


def is_planner(name: str) -> bool:
    """Whether what a user named is a model's folder, not a model's name."""
    return (Path(name).expanduser() / "config.json").is_file()


def card_of(base: str) -> Card:
    """What a base reads and writes: its own card, or chat messages and JSON where it has none."""
    if base == TINY_BASE:
        return TINY
    folder = Path(base).expanduser()
    return read_card(folder) if (folder / CARD).is_file() else CHAT


def start(table: ModelTable, *, seed: int, download: bool = False) -> Start:
    """The model to begin with.

    Args:
        table: what the recipe says of it.
        seed: of weights made from scratch.
        download: whether a hub name may be fetched.

    Raises:
        RecipeError: when there is no such model.
    """
    if table.base == TINY_BASE:
        from ..tiny.model import tiny_model
        from ..tiny.words import tiny_tokenizer

        tokenizer = tiny_tokenizer()
        return Start(tiny_model(tokenizer, seed=seed, hidden=table.hidden, layers=table.layers), tokenizer, TINY)
    check_base(table.base, download=download)
    with network(allowed=download):
        model, tokenizer = _loaded(table, local=not download)
    return Start(model, tokenizer, card_of(table.base))


def check_base(base: str, *, download: bool) -> None:
    """Check that a model can be had without asking anybody who was not to be asked.

    Raises:
        RecipeError: when it cannot.
    """
    if base == TINY_BASE or is_planner(base):
        return
    if not base:
        raise RecipeError("No model is named.", hint="Give --model DIR, a folder with a config.json.")
    if not download:
        raise RecipeError(
            f"There is no model in a folder {base[:300]!r}.",
            hint="Name a folder with a config.json, or add --download to fetch it from the model hub.",
        )


@contextmanager
def network(*, allowed: bool) -> Iterator[None]:
    """Keep Hugging Face's libraries from asking the network, unless it is allowed."""
    import huggingface_hub.constants as hub

    before = os.environ.get("HF_HUB_OFFLINE"), hub.HF_HUB_OFFLINE
    if not allowed:
        os.environ["HF_HUB_OFFLINE"], hub.HF_HUB_OFFLINE = "1", True
    try:
        yield
    finally:
        hub.HF_HUB_OFFLINE = before[1]
        os.environ.pop("HF_HUB_OFFLINE", None)
        if before[0] is not None:
            os.environ["HF_HUB_OFFLINE"] = before[0]


def _loaded(table: ModelTable, *, local: bool) -> tuple[Any, Any]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = Path(table.base).expanduser()
    where = str(place) if is_planner(table.base) else table.base
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=local)
        model: Any = AutoModelForCausalLM.from_pretrained(
            where, local_files_only=local, use_safetensors=True, dtype=getattr(torch, table.dtype)
        )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, SafetensorError) as error:
        raise RecipeError(
            f"The model {where[:300]!r} cannot be loaded: {str(error).splitlines()[0][:300]}",
            hint="Its folder must hold config.json, the weights as safetensors, and the tokenizer.",
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def quiet() -> None:
    """Keep transformers' and datasets' own bars and hints off the terminal."""
    import warnings

    from datasets.utils.logging import disable_progress_bar  # type: ignore[import-untyped]
    from transformers.utils import logging

    # Torch calls transformers' models, so that some of their warnings bear its name.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(torch|transformers|trl)\b")
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()

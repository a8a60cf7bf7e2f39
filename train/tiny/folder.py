"""A planner's folder: weights and tokenizer as Hugging Face writes them, and a card that says what it speaks.

Law: a folder is read without running code from it and without any network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import RecipeError

CARD = "foreplan.json"


class Card(BaseModel):
    """What a trained planner reads and writes.

    Attributes:
        prompt: `market`, the text of `tiny.prompt`, or `chat`, the messages of `planner.messages`.
        codec: `compact` or `json`, the form of its plans.
        version: of this card.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: Literal["market", "chat"]
    codec: Literal["compact", "json"]
    version: Literal[1] = 1


TINY = Card(prompt="market", codec="compact")


def save_planner(folder: Path, model: Any, tokenizer: Any, card: Card = TINY) -> None:
    """Write weights, tokenizer and card; the card last, so that half a folder is not taken for whole."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """The card of a planner's folder.

    Raises:
        RecipeError: when there is none, or it cannot be read.
    """
    hint = f"Name a folder that foreplan train wrote: it has a file {CARD}."
    try:
        return Card.model_validate_json((folder / CARD).read_bytes())
    except OSError as error:
        raise RecipeError(f"{folder} is not a trained planner: it has no {CARD} to read.", hint=hint) from error
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or CARD
        raise RecipeError(f"{folder / CARD} cannot be used: {where}: {problem['msg']}", hint=hint) from error


def load_planner(folder: Path) -> tuple[Any, Any, Card]:
    """Model (in evaluation mode), tokenizer and card of a folder.

    Raises:
        RecipeError: when a file is missing or cannot be used.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    card = read_card(folder)
    model: Any
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise RecipeError(
            f"The model in {folder} cannot be loaded: {str(error).splitlines()[0][:300]}",
            hint="The folder must hold config.json, model.safetensors and tokenizer.json of one model.",
        ) from error
    model.train(False)
    return model, tokenizer, card

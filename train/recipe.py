"""A recipe: a TOML file goes in, every choice of a training as frozen values comes out.

Recipes that come with Foreplan are named by their file (`tiny-cpu`); a user's own is a path. Laws: a key nobody knows
is a fault; whatever a recipe does not say has the default of its field here.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import RecipeError
from .reward.compose import RewardConfig
from .trainer.config import RLConfig

OWN = Path(__file__).parent / "recipes"
_MAX_BYTES = 1_000_000

Count = Annotated[int, Field(ge=1, le=10**9)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
Share = Annotated[float, Field(ge=0, le=1)]


class Table(BaseModel):
    """A table of a recipe: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelTable(Table):
    """What is trained."""

    base: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        default="", description="`tiny` (made from scratch), a folder, or a hub name; `--model` goes before it."
    )
    hidden: Annotated[int, Field(ge=16, le=4_096, multiple_of=16)] = Field(
        default=96, description="Width of a model made from scratch."
    )
    layers: Annotated[int, Field(ge=1, le=200)] = Field(default=3, description="Depth of a model made from scratch.")
    lora_rank: Annotated[int, Field(ge=0, le=1_024)] = Field(
        default=0, description="Rank of LoRA adapters; 0 trains all weights."
    )
    dtype: Literal["float32", "bfloat16"] = Field(default="float32", description="Type of the weights.")


class DataTable(Table):
    """Where problems and plans come from, unless `--world`, `--traces` or `--rows` say otherwise."""

    world: Annotated[str, Field(max_length=300)] = Field(default="market", description="World, by name.")
    dials: dict[str, float] = Field(default_factory=dict, description="The world's dials.")
    problems: Count = Field(default=2_000, description="Problems of the world that there are plans to imitate of.")
    demonstrations: Literal["weak", "blind", "best"] = Field(
        default="best",
        description="Plans to imitate: `best`, the world's own; on the market also `weak`, right in form with numbers "
        "that hardly follow difficulty, and `blind`, with numbers that do not.",
    )
    practice: Count | None = Field(
        default=None, description="Different problems to practise on in RL; unset, a fresh one each time."
    )
    audit_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="Share of the problems whose plans are also executed without caps, to score forecasts."
    )
    held_out: Count = Field(default=200, description="Problems that are never trained on, to measure the result by.")
    max_brier: Share = Field(
        default=0.25,
        description="Traces whose forecasts of success have a greater mean Brier score are not imitated; 0.25 is what "
        "saying 50 % every time scores.",
    )
    max_pinball: Positive = Field(
        default=0.5,
        description="Traces whose forecasts of tokens have a greater mean pinball loss on ln tokens are not.",
    )
    min_score: Share = Field(default=0.5, description="Traces with a lower score, or without one, are not imitated.")


class ServerTable(Table):
    """A vLLM server that draws the plans of RL; without one they are drawn in the training's own process."""

    base_url: Annotated[str, Field(max_length=2_000, pattern=r"^(https?://\S+)?$")] = Field(
        default="", description="Its address, ending in `/v1`; empty for none."
    )
    model: Annotated[str, Field(max_length=300)] = Field(default="", description="What it calls the model.")
    api_key_env: Annotated[str, Field(max_length=300)] = Field(
        default="", description="Name of the environment variable that holds its key."
    )
    concurrency: Annotated[int, Field(ge=1, le=1_024)] = Field(default=32, description="Prompts asked for at once.")


class SftTable(Table):
    """Supervised fine-tuning: TRL's SFTTrainer, loss on the completion only."""

    steps: Annotated[int, Field(ge=0, le=10**9)] = Field(default=200, description="Updates; 0 leaves it out.")
    batch: Count = Field(default=16, description="Rows of an update, on each process.")
    micro_batch: Count = Field(default=16, description="Rows that are in memory at once, on each process.")
    learning_rate: Positive = Field(default=2e-5, description="Peak learning rate; it falls to 0 as a cosine.")
    max_tokens: Count = Field(default=1_024, description="Longest prompt and plan together; longer rows are left out.")
    packing: bool = Field(default=False, description="Several rows in one sequence, apart from each other.")
    checkpoint_every: Count = Field(default=100, description="Updates between checkpoints.")


class PreferTable(Table):
    """Preferences: TRL's DPOTrainer or KTOTrainer."""

    loss: Literal["dpo", "kto"] = Field(default="dpo", description="`dpo` takes pairs, `kto` single judgements.")
    beta: Positive = Field(default=0.1, description="How strongly the policy is held to the reference.")
    steps: Count = Field(default=100, description="Updates.")
    batch: Count = Field(default=8, description="Rows of an update, on each process.")
    micro_batch: Count = Field(default=8, description="Rows that are in memory at once, on each process.")
    learning_rate: Positive = Field(default=5e-6, description="Peak learning rate; it falls to 0 as a cosine.")
    max_tokens: Count = Field(default=1_024, description="Longest prompt and plan together.")
    group: Annotated[int, Field(ge=2, le=1_024)] = Field(
        default=8, description="Plans sampled for one problem of a world, to be compared."
    )
    checkpoint_every: Count = Field(default=100, description="Updates between checkpoints.")


class Recipe(Table):
    """All choices of a training."""

    about: Annotated[str, Field(max_length=500)] = Field(default="", description="What it is for, and what it needs.")
    seed: Annotated[int, Field(ge=0, le=2**31)] = Field(default=0, description="Of everything that is drawn.")
    engine: Literal["trl", "verl"] = Field(
        default="trl", description="What does RL: `trl`, here; `verl`, elsewhere, for which everything is written."
    )
    report_to: tuple[Literal["tensorboard", "wandb"], ...] = Field(
        default=(), description="Where TRL also sends its numbers; the library must be installed."
    )
    model: ModelTable = Field(default_factory=ModelTable, description="What is trained.")
    data: DataTable = Field(default_factory=DataTable, description="What it is trained on.")
    sft: SftTable = Field(default_factory=SftTable, description="Supervised fine-tuning.")
    prefer: PreferTable = Field(default_factory=PreferTable, description="Preferences.")
    rl: RLConfig = Field(default_factory=RLConfig, description="Reinforcement learning: GRPO with credit per token.")
    server: ServerTable = Field(default_factory=ServerTable, description="Where plans are drawn in RL.")
    reward: RewardConfig = Field(default_factory=RewardConfig, description="What a plan is worth in RL.")
    accelerate: dict[str, Any] = Field(
        default_factory=dict,
        description="A config of accelerate; with `num_processes` above 1 the command launches itself on them.",
    )


def load_recipe(name: str) -> Recipe:
    """The recipe of this name, or in this file.

    Raises:
        RecipeError: when there is none, or it cannot be used; every fault is named.
    """
    path = OWN / f"{name}.toml" if name in recipe_names() else Path(name)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RecipeError(f"{path} is too large for a recipe.", hint="Check the name of the file.")
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecipeError(
            f"There is no recipe {name[:300]!r} ({error.strerror}).",
            hint=f"Name a TOML file, or one of: {', '.join(recipe_names())}.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not TOML: {error}.", hint="See docs/training.md for how one looks.") from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)]
        raise RecipeError(
            f"{path} cannot be used: {'; '.join(faults[:20])}.", hint="See docs/training.md for every key."
        ) from error


def recipe_names() -> list[str]:
    """The recipes that come with Foreplan."""
    return sorted(path.stem for path in OWN.glob("*.toml"))

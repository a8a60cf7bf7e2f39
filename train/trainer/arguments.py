"""The choices of RL in TRL's form: a config goes in, a `GRPOConfig` comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trl.trainer.grpo_config import GRPOConfig

from ..errors import RecipeError
from .config import RLConfig

_DATA_STEPS = 100


def grpo_config(config: RLConfig, folder: Path, *, processes: int = 1, cpu: bool = False) -> GRPOConfig:
    """TRL's form of these choices.

    Args:
        config: the choices.
        folder: where checkpoints go.
        processes: how many processes train together.
        cpu: train on the CPU though there may be a GPU.

    Raises:
        RecipeError: when TRL has no option of a name in `trl`, or refuses a value.
    """
    micro = config.micro_batch_of(processes)
    own: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": config.steps,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": config.rows // processes // micro,
        "num_generations": config.group,
        "num_iterations": config.updates,
        "max_completion_length": config.max_tokens,
        "learning_rate": config.learning_rate,
        "temperature": config.temperature,
        "loss_type": config.loss,
        "epsilon": config.epsilon_low,
        "epsilon_high": config.epsilon_high,
        "beta": config.beta,
        "save_strategy": "steps",
        "save_steps": config.save_every,
        "seed": config.seed,
        _checkpointing(GRPOConfig): config.checkpointing,
    }
    usual = {
        "lr_scheduler_type": "constant_with_warmup",
        "save_total_limit": 2,
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "shuffle_dataset": False,
        "use_cpu": cpu,
        "bf16": False,
    }
    try:
        return GRPOConfig(**{**usual, **config.trl, **own})
    except (TypeError, ValueError) as error:
        raise RecipeError(
            f"TRL refuses the options of [rl]: {error}", hint="The options of [rl.trl] are those of trl.GRPOConfig."
        ) from error


def _checkpointing(arguments: type[Any]) -> str:
    """What transformers calls it: newer versions warn of the older name."""
    new = "activation_checkpointing"
    return new if new in arguments.__dataclass_fields__ else "gradient_checkpointing"


def blank_rows(config: RLConfig) -> int:
    """How many rows TRL's data set must have: it only counts steps, since problems come from the curriculum."""
    return config.groups * min(config.steps, _DATA_STEPS)

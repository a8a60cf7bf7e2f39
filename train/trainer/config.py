"""The choices of RL: a recipe's table `[rl]` goes in, frozen values come out; `arguments` makes TRL's form of them.

What stands here has Foreplan's vetted default. Every other option of `trl.GRPOConfig` can be given in `[rl.trl]` under
its own name, but for those that follow from what stands here (`OWNED`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import RecipeError

Loss = Literal["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "luspo", "vespo"]

OWNED = {
    "output_dir": "the folder of the training",
    "max_steps": "steps",
    "num_train_epochs": "steps",
    "per_device_train_batch_size": "groups, group and micro_batch",
    "gradient_accumulation_steps": "groups, group and micro_batch",
    "steps_per_generation": "groups, group and micro_batch",
    "generation_batch_size": "groups, group and micro_batch",
    "num_generations": "group",
    "num_iterations": "updates",
    "max_completion_length": "max_tokens",
    "mask_truncated_completions": "nothing: what is cut off is always left out",
    "sync_ref_model": "reset_every",
    "save_strategy": "save_every",
    "save_steps": "save_every",
    "save_only_model": "nothing: a checkpoint must resume",
    "use_vllm": "nothing: plans come from Foreplan's samplers",
    "vllm_importance_sampling_correction": "nothing: ratios are against the sampler's own log-probs",
    "top_p": "nothing: masked sampling other than by the grammar biases the ratio",
    "top_k": "nothing: masked sampling other than by the grammar biases the ratio",
    "min_p": "nothing: masked sampling other than by the grammar biases the ratio",
    "remove_unused_columns": "nothing",
    "gradient_checkpointing": "checkpointing",
    "activation_checkpointing": "checkpointing",
    "log_completions": "nothing: all plans are kept anyway",
}
"""Options of TRL that are not for `[rl.trl]`, and what decides them instead."""


class RLConfig(BaseModel):
    """What one training by RL is like."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    steps: Annotated[int, Field(ge=1, le=10**7, description="Steps; each draws new plans.")] = 200
    groups: Annotated[int, Field(ge=1, le=65_536, description="Problems of a step, over all processes.")] = 8
    group: Annotated[int, Field(ge=2, le=1_024, description="Plans drawn for each problem.")] = 8
    micro_batch: Annotated[
        int | None, Field(ge=1, description="Plans in memory at once on each process; without it, all of a step.")
    ] = None
    max_tokens: Annotated[int, Field(ge=1, le=131_072, description="Longest plan; longer ones are cut off.")] = 512
    learning_rate: Annotated[float, Field(gt=0, le=1, description="Learning rate.")] = 1e-5
    temperature: Annotated[float, Field(gt=0, le=10, description="Of drawing plans, and of the update.")] = 1.0
    loss: Annotated[Loss, Field(description="How tokens are weighed, and what becomes of the ratio.")] = "dapo"
    epsilon_low: Annotated[float, Field(ge=0, le=1, description="The ratio is clipped below 1 - this.")] = 0.2
    epsilon_high: Annotated[float, Field(ge=0, le=1e4, description="The ratio is clipped above 1 + this.")] = 0.28
    updates: Annotated[int, Field(ge=1, le=64, description="Updates by the same plans.")] = 1
    beta: Annotated[float, Field(ge=0, le=100, description="Weight of the divergence from the reference.")] = 0.0
    explore: Annotated[
        float, Field(ge=0, le=10, description="Weight of entropy; it falls evenly, to 0 at three fifths of the steps.")
    ] = 0.0
    reset_every: Annotated[
        int, Field(ge=0, description="Steps after which reference and optimiser start afresh (ProRL); 0: never.")
    ] = 0
    refills: Annotated[
        int, Field(ge=0, le=64, description="Rounds of further problems in place of groups that teach nothing.")
    ] = 2
    save_every: Annotated[int, Field(ge=1, description="Steps between checkpoints.")] = 50
    checkpointing: Annotated[
        bool, Field(description="Compute activations twice instead of keeping them; each plan then runs its prompt.")
    ] = False
    seed: Annotated[int, Field(ge=0, le=2**31, description="Of everything that is drawn.")] = 0
    trl: Annotated[dict[str, Any], Field(description="Further options of TRL's GRPOConfig, under its names.")] = {}

    @model_validator(mode="after")
    def _fits(self) -> RLConfig:
        if self.save_every % self.updates:
            raise ValueError(f"save_every must be a multiple of updates ({self.updates}): plans are not saved")
        for name in self.trl:
            if name in OWNED:
                raise ValueError(f"trl.{name} is not to be set: it follows from {OWNED[name]}")
        return self

    @property
    def rows(self) -> int:
        """Plans of a step, over all processes."""
        return self.groups * self.group

    def micro_batch_of(self, processes: int) -> int:
        """Plans in memory at once on each of so many processes.

        Raises:
            RecipeError: when a step cannot be shared out in such pieces.
        """
        if self.groups % processes:
            raise RecipeError(
                f"{self.groups} groups cannot be shared among {processes} processes.",
                hint="Set [rl] groups to a multiple of the number of processes.",
            )
        own = self.rows // processes
        micro = self.micro_batch or own
        if own % micro:
            raise RecipeError(
                f"micro_batch {micro} does not divide the {own} plans of a step on each process.",
                hint="Set [rl] micro_batch to a divisor; multiples of group keep groups together.",
            )
        return micro

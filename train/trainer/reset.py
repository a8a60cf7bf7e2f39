"""Every n steps the reference becomes the policy and the optimiser forgets (ProRL, arXiv 2505.24864, section 3.2.2).

The divergence from a reference that stays where it was stops learning in the end; resetting only one of the two would
leave momentum that belongs to the old objective.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback

from ..errors import RecipeError

REFERENCE = "ref"
"""The adapter that TRL takes for the reference, where only adapters are trained."""


class ResetEvery(TrainerCallback):
    """Resets reference and optimiser of a trainer every so many steps."""

    def __init__(self, trainer: Any, steps: int) -> None:
        """Reset `trainer` after every `steps` steps; takes part in its callbacks."""
        self._trainer, self._steps = trainer, steps

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Reset where it is time to."""
        if state.global_step % self._steps == 0:
            reset_reference(self._trainer)
            forget(self._trainer.optimizer)


def forget(optimizer: Any) -> None:
    """Drop momenta and step counts; parameters and learning rates stay."""
    getattr(optimizer, "optimizer", optimizer).state.clear()


@torch.no_grad()
def reset_reference(trainer: Any) -> None:
    """Let the reference be what the policy is now; there is none when beta is 0."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    if trainer.ref_model is not None:
        trainer.accelerator.unwrap_model(trainer.ref_model).load_state_dict(model.state_dict())
    elif trainer.beta:
        parameters = dict(model.named_parameters())
        for name, parameter in parameters.items():
            if f".{REFERENCE}." in name:
                parameter.copy_(parameters[name.replace(f".{REFERENCE}.", ".default.")])


def add_reference_adapter(model: Any) -> None:
    """Give a model with an adapter a second one to be the reference, equal to the first and not trained."""
    if REFERENCE in model.peft_config:
        return
    if model.peft_config["default"].bias != "none":
        raise RecipeError("A reference adapter needs LoRA without biases.", hint="Leave LoRA's bias at none.")
    model.add_adapter(REFERENCE, model.peft_config["default"])
    for name, parameter in model.named_parameters():
        if f".{REFERENCE}." in name:
            parameter.requires_grad_(False)
    model.set_adapter("default")

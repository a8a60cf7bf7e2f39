"""GRPO for planners: TRL's trainer, with credit by token, shared prompts and grammar-masked probabilities.

    collector ──► episodes ──► advantages (B, T) ──► TRL's loss ──► update

TRL keeps the loss, the loop, the optimiser and the logs. What is ours: plans come from a `Collector` instead of a data
set; each prompt is run once a group; probabilities are over what the grammar allowed; gradient reaches only tokens that
were free; groups stay together when a step is split; a step that does not fit into memory is done in halves; and a
checkpoint resumes exactly, since all that is drawn follows from the seed and the step.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState  # type: ignore[import-untyped]
from accelerate.utils import gather_object  # type: ignore[import-untyped]
from datasets import Dataset  # type: ignore[import-untyped]
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.utils import use_adapter

from ..errors import RecipeError, TrainError, TrainingPaused
from ..grammar.base import Grammar
from ..grammar.mask import MaskTable
from ..memory_errors import memory_errors
from ..rollout import Choice, Episode
from .arguments import blank_rows, grpo_config
from .batch import CHOICES, Batch, batch_of
from .checkpoints import read_state, write_state
from .collect import Collected, Collector, Process, seed_of
from .config import RLConfig
from .logprobs import Scored, masked, plain_inputs, shared_inputs, unmasked
from .ports import Choices, Publish, Watch
from .reset import REFERENCE, ResetEvery, add_reference_adapter

logger = logging.getLogger(__name__)

_REFERENCE = "reference.pt"


_GRPO: Any = GRPOTrainer


class PlannerTrainer(_GRPO):  # type: ignore[misc] # TRL's own code is only half typed
    """Trains a planner on what its plans were worth."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        config: RLConfig,
        collector: Collector,
        *,
        folder: Path,
        grammar: Grammar | None = None,
        peft_config: Any = None,
        choices: Choices | None = None,
        watch: Watch | None = None,
        publish: Publish | None = None,
        callbacks: Sequence[Any] = (),
        cpu: bool = False,
    ) -> None:
        """Train `model` in place; `train(resume_from_checkpoint=last_checkpoint(folder))` does it.

        Args:
            model: a causal language model of transformers, or a folder or name of one.
            tokenizer: its tokenizer.
            config: the choices.
            collector: where episodes come from.
            folder: where checkpoints go.
            grammar: what the collector's sampler draws under.
            peft_config: train adapters of this kind instead of all weights.
            choices: knows what other tokens would have been worth; only where there is a grammar.
            watch: is shown each step's episodes.
            publish: is given the model before plans are drawn.
            callbacks: of transformers.
            cpu: train on the CPU though there may be a GPU.
        """
        arguments = grpo_config(config, folder, processes=PartialState(cpu=cpu).num_processes, cpu=cpu)
        super().__init__(
            model=model,
            reward_funcs=[_unused],
            args=arguments,
            train_dataset=Dataset.from_dict({"prompt": [""] * blank_rows(config)}),
            processing_class=tokenizer,
            callbacks=list(callbacks),
            peft_config=peft_config,
        )
        self._config, self._collector, self._grammar = config, collector, grammar
        self._choices = choices if grammar is not None else None
        self._watch, self._publish = watch, publish
        self._table: MaskTable | None = None
        self._allowed: torch.Tensor | None = None
        self._chosen: Batch = {}
        self._worth: torch.Tensor | None = None
        self._drawn: int | None = None
        self._halved, self._half = False, 0
        self._shares_prompts = not (arguments.gradient_checkpointing or self.aux_loss_enabled)
        if grammar is not None and self.aux_loss_enabled:
            raise RecipeError(
                "A grammar and the balancing loss of a mixture of experts do not go together.",
                hint="Set router_aux_loss_coef = 0 in [rl.trl].",
            )
        if config.reset_every:
            if self.ref_model is None and self.beta:
                add_reference_adapter(self.accelerator.unwrap_model(self.model))
            self.add_callback(ResetEvery(self, config.reset_every))

    def _prepare_inputs(self, generation_batch: Any) -> Batch:
        """The micro-batch of this pass; plans are drawn when the last ones have been used up.

        TRL shuffles the plans of a step across micro-batches. Here they stay in order, so groups stay together.
        """
        drawn = self._step // (self.args.steps_per_generation * self.num_iterations)
        if self._drawn != drawn:
            self._buffered_inputs = self._practise()
            self._drawn = drawn
        at = self._step % self.args.steps_per_generation
        if self._halved:
            return _piece(self._buffered_inputs, 2 * at + self._half, self.args.per_device_train_batch_size // 2)
        return _piece(self._buffered_inputs, at, self.args.per_device_train_batch_size)

    def _practise(self) -> Batch:
        """Draw plans, find out what came of them, and make the tensors of a step."""
        step, at = self.state.global_step, self._process()
        advantages, curriculum = self._collector.advantages, self._collector.curriculum
        advantages.step = step
        before = curriculum.state()
        try:
            if self._publish is not None:
                self._publish(self.accelerator.unwrap_model(self.model), step)
            found = self._collector.collect(
                self._config.groups // at.size, seed=seed_of(self._config.seed, step), process=at
            )
        except TrainingPaused:
            curriculum.restore(before)
            self._save_checkpoint(self.model, None)
            raise
        everyone = at.gather(found.episodes)
        episodes = [episode for own in everyone for episode in own]
        rows, choices = advantages(episodes), self._choices_of(episodes, step)
        first = sum(map(len, everyone[: at.rank]))
        own = slice(first, first + len(found.episodes))
        self._note(step, found, everyone)
        return self._batch(found.episodes, rows[own], choices and choices[own])

    def _choices_of(self, episodes: Sequence[Episode], step: int) -> list[list[Choice]] | None:
        if self._choices is None:
            return None
        self._choices.step = step
        return self._choices(episodes)

    def _process(self) -> Process:
        if self.accelerator.num_processes == 1:
            return Process()
        return Process(
            self.accelerator.process_index, self.accelerator.num_processes, lambda own: list(gather_object([own]))
        )

    def _batch(
        self,
        episodes: Sequence[Episode],
        advantages: Sequence[Sequence[float]],
        choices: Sequence[Sequence[Choice]] | None,
    ) -> Batch:
        device = self.accelerator.device
        if self._grammar is not None:
            vocabulary = self.accelerator.unwrap_model(self.model).config.get_text_config().vocab_size
            self._table = MaskTable(vocabulary, device)
        batch = batch_of(
            episodes, advantages, pad=self._tokenizer.pad_token_id, device=device, grammar=self._grammar,
            table=self._table, choices=choices,
            heat=self._choices.heat if self._choices is not None else 0.0,
        )  # fmt: skip
        batch["num_items_in_batch"] = self.accelerator.gather(batch["tool_mask"].sum()).sum()
        if self.beta:
            batch["ref_per_token_logps"] = self._of_reference(batch)
        return batch

    @torch.no_grad()
    def _of_reference(self, batch: Batch) -> torch.Tensor:
        """Log-probabilities of the reference, (N, T)."""
        model = self.accelerator.unwrap_model(self.model)
        if self.ref_model is not None:
            return self._in_pieces(self.ref_model, batch)
        with use_adapter(model, adapter_name=REFERENCE if REFERENCE in model.peft_config else None):
            return self._in_pieces(self.model, batch)

    def _in_pieces(self, model: Any, batch: Batch) -> torch.Tensor:
        size = self.args.per_device_train_batch_size // (1 + self._halved)
        found = []
        for at in range(batch["prompt_ids"].size(0) // size):
            piece = _piece(batch, at, size)
            ids = torch.cat([piece["prompt_ids"], piece["completion_ids"]], dim=1)
            real = torch.cat([piece["prompt_mask"], piece["completion_mask"]], dim=1)
            self._allowed = piece.get("allowed")
            found.append(self._get_per_token_logps_and_entropies(model, ids, real, piece["completion_ids"].size(1))[0])
        return torch.cat(found)

    def _note(self, step: int, found: Collected, everyone: Sequence[Sequence[Episode]]) -> None:
        """Log what the plans of this step were like."""
        episodes = [episode for own in everyone for episode in own]
        rollouts = [episode.rollout for episode in episodes]
        tokens = [len(each.completion_ids) for each in rollouts]
        numbers = {
            "groups/useful": found.useful * self._config.group / len(found.episodes),
            "groups/drawn": float(found.drawn),
            "plans/readable": sum(each.plan is not None for each in rollouts) / len(rollouts),
            "plans/failed": sum(bool(each.error) for each in episodes) / len(episodes),
            "completions/mean_length": sum(tokens) / len(tokens),
            "completions/clipped_ratio": sum(each.truncated for each in rollouts) / len(rollouts),
            "completions/free": sum(sum(each.free) for each in rollouts) / max(1, sum(tokens)),
            **(self._watch(step, episodes) if self._watch is not None else {}),
        }
        self.state.num_input_tokens_seen += sum(tokens) + sum(len(each.prompt_ids) for each in rollouts)
        for name, number in numbers.items():
            self._metrics["train"][name].append(number)

    def _compute_loss(self, model: Any, inputs: Batch) -> torch.Tensor:
        """TRL's loss, less what choices are expected to be worth; a half micro-batch counts as one of twice as many."""
        self._allowed = inputs.get("allowed")
        self._chosen = {name: inputs[name] for name in CHOICES if name in inputs}
        times = 1 + self._halved
        self.current_gradient_accumulation_steps *= times
        self.args.steps_per_generation *= times
        try:
            loss: torch.Tensor = super()._compute_loss(model, inputs)
            if self._worth is not None:
                loss = loss - self._worth / self._tokens_of_step(inputs)
        finally:
            self.current_gradient_accumulation_steps //= times
            self.args.steps_per_generation //= times
            self._chosen, self._worth = {}, None
        return loss

    def _tokens_of_step(self, inputs: Batch) -> torch.Tensor:
        """What a sum over tokens of a micro-batch is divided by, as in DAPO's loss: all free tokens of an update."""
        share = self.current_gradient_accumulation_steps / self.args.steps_per_generation
        tokens: torch.Tensor = inputs["num_items_in_batch"].clamp(min=1.0) / self.accelerator.num_processes * share
        return tokens

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, logits_to_keep: int, **rest: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Log-probs and entropies, (B, T) each, and no balancing loss, where TRL would run each prompt anew."""
        if self._allowed is None and not self._shares_prompts:
            found: tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None] = (
                super()._get_per_token_logps_and_entropies(model, input_ids, attention_mask, logits_to_keep, **rest)
            )
            return found
        ids, real = input_ids[:, -logits_to_keep:], attention_mask[:, -logits_to_keep:]
        with self.accelerator.autocast():
            make = shared_inputs if self._shares_prompts else plain_inputs
            scored = self._score(model, make(model, input_ids, attention_mask, logits_to_keep), ids, real)
        self._worth = scored.worth
        return scored.logprobs, scored.entropies, None

    def _score(self, model: Any, inputs: dict[str, Any], ids: torch.Tensor, real: torch.Tensor) -> Scored:
        if self._allowed is None or self._table is None:
            return unmasked(model, inputs, ids, real)
        return masked(model, inputs, ids, self._table.masks(self._allowed), self.temperature, self._chosen)

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward of a micro-batch; in halves from the first time that it does not fit into memory."""
        if self._halved:
            return self._in_halves(model, inputs, num_items_in_batch)
        try:
            with memory_errors():
                loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        except torch.OutOfMemoryError as error:
            self._halve(error)
        else:
            return loss
        # Gradients may be half added: start this update anew.
        torch.cuda.empty_cache()
        model.zero_grad()
        last = self._step
        self._step -= last % self.args.gradient_accumulation_steps
        while self._step < last:
            self._in_halves(model, inputs, num_items_in_batch)
        return self._in_halves(model, inputs, num_items_in_batch)

    def _in_halves(self, model: Any, inputs: Any, num_items_in_batch: Any) -> torch.Tensor:
        total = torch.zeros((), device=self.accelerator.device)
        try:
            for self._half in (0, 1):
                with memory_errors():
                    total += super().training_step(model, inputs, num_items_in_batch)
                self._step -= 1
        except torch.OutOfMemoryError as error:
            raise self._too_large("even half a micro-batch does") from error
        self._step += 1
        return total

    def _halve(self, error: torch.OutOfMemoryError) -> None:
        if self.accelerator.num_processes > 1 or self.args.per_device_train_batch_size % 2:
            raise self._too_large("a micro-batch does") from error
        self._halved = True
        logger.warning(
            "Out of memory: micro-batches are done in halves of %d plans from now on. Set [rl] micro_batch to that.",
            self.args.per_device_train_batch_size // 2,
        )

    def _too_large(self, what: str) -> TrainError:
        size = self.args.per_device_train_batch_size // (1 + self._halved)
        return TrainError(
            f"Out of memory: {what} not fit ({size} plans).",
            hint="Set micro_batch to a smaller divisor, or max_tokens lower, under rl in training.json; then go on.",
        )

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: the folder of a planner has Foreplan's card."""

    def _save_rng_state(self, output_dir: str) -> None:
        """Write what else a checkpoint needs; transformers writes its own state, the last file, after this."""
        super()._save_rng_state(output_dir)
        if self.args.should_save:
            write_state(Path(output_dir), halved=self._halved, curriculum=self._collector.curriculum.state())
            if self.ref_model is not None and self._config.reset_every:
                torch.save(self.accelerator.unwrap_model(self.ref_model).state_dict(), Path(output_dir) / _REFERENCE)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is None:
            return
        self._halved, curriculum = read_state(Path(checkpoint))
        self._collector.curriculum.restore(curriculum)
        if self.ref_model is not None and self._config.reset_every:
            weights = torch.load(Path(checkpoint) / _REFERENCE, map_location=self.accelerator.device, weights_only=True)
            self.accelerator.unwrap_model(self.ref_model).load_state_dict(weights)


def _piece(batch: Batch, at: int, size: int) -> Batch:
    """The rows of a micro-batch; what is one number for all stays."""
    return {name: each[at * size : (at + 1) * size] if each.dim() else each for name, each in batch.items()}


def _unused(**_: Any) -> list[float]:
    """TRL wants a reward function; rewards come with the episodes."""
    raise AssertionError("rewards come with the episodes")

"""Sampling in process with transformers: prompts and a grammar go in, rollouts come out.

Each prompt is run once a group. A position where only one token is allowed is not drawn: its log-prob is 0. Drawn with
the plain distribution (no top-p, top-k or min-p), which is what the importance ratio takes for granted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ...planner.plan import Plan
from ..grammar.base import Grammar, Walk
from ..grammar.mask import MaskTable, masked_log_softmax
from ..rollout import Field, Rollout
from ..trainer.prefix import run_prompts
from .roomy import with_room

Read = Callable[[Sequence[int]], tuple[str, Plan | None, dict[Field, tuple[int, int]]]]
"""Reads completion ids: their text, the plan in it (or None), and which tokens wrote which field."""


_WORTH_LEAVING = 0.75
"""Completions that have ended are carried along until so few of the others are left, since leaving copies a cache."""


@dataclass
class _Line:
    """One completion being drawn."""

    walk: Walk | None
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    free: list[bool] = field(default_factory=list)
    ended: bool = False


class LocalSampler:
    """Draws from a model in this process."""

    def __init__(
        self,
        model: Any,
        *,
        read: Read,
        end_id: int,
        pad_id: int,
        grammar: Grammar | None = None,
        temperature: float = 1.0,
    ) -> None:
        """Sample from `model`, whose weights may change between calls.

        Args:
            model: a causal language model of transformers.
            read: makes a plan of a completion.
            end_id: the token that ends a completion.
            pad_id: the token that fills prompts up on the left.
            grammar: what may be drawn; None for anything.
            temperature: of the drawing; 0 always takes the likeliest token.
        """
        self._model, self._read, self._end, self._pad = model, read, end_id, pad_id
        self._grammar, self._temperature = grammar, temperature
        self._table: MaskTable | None = None

    @torch.no_grad()
    def sample(self, prompts: Sequence[Sequence[int]], *, group: int, max_tokens: int, seed: int) -> list[Rollout]:
        """`group` rollouts for each prompt, those of one prompt next to each other; equal seeds draw equally."""
        repeated = [list(prompt) for prompt in prompts for _ in range(group)]
        lines = [_Line(self._grammar.walk(prompt) if self._grammar else None) for prompt in repeated]
        training = self._model.training
        self._model.eval()
        try:
            self._draw(repeated, lines, max_tokens, seed)
        finally:
            self._model.train(training)
        return [self._rollout(prompt, line) for prompt, line in zip(repeated, lines, strict=True)]

    def _draw(self, prompts: list[list[int]], lines: list[_Line], max_tokens: int, seed: int) -> None:
        device = self._model.device
        source = torch.Generator(device=device).manual_seed(seed)
        ids, mask = _left_padded(prompts, self._pad, device)
        logits, cache = run_prompts(self._model, ids, mask)
        cache = with_room(cache, max_tokens)
        for step in range(max_tokens):
            tokens = self._next(logits, lines, source)
            live = [row for row, line in enumerate(lines) if not line.ended]
            if not live or step + 1 == max_tokens:
                return
            if len(live) <= _WORTH_LEAVING * len(lines):
                rows = torch.tensor(live, device=device)
                lines, tokens, mask = [lines[row] for row in live], tokens[rows], mask[rows]
                cache.batch_select_indices(rows)
            mask = torch.cat([mask, mask.new_ones(len(lines), 1)], dim=1)
            out = self._model(input_ids=tokens[:, None], attention_mask=mask, past_key_values=cache, use_cache=True)
            logits = out.logits[:, -1]

    def _next(self, logits: torch.Tensor, lines: list[_Line], source: torch.Generator) -> torch.Tensor:
        """Draw one token for every line that has not ended; (B,)."""
        allowed = [line.walk.allowed() if line.walk and not line.ended else () for line in lines]
        logprobs = masked_log_softmax(logits, self._mask(allowed, logits), self._temperature or 1.0)
        drawn = logprobs.argmax(-1) if self._temperature == 0 else _one_of(logprobs, source)
        chosen = logprobs.gather(-1, drawn[:, None])[:, 0]
        for line, token, logprob, tokens in zip(lines, drawn.tolist(), chosen.tolist(), allowed, strict=True):
            if not line.ended:
                line.ids.append(token)
                line.logprobs.append(logprob)
                line.free.append(len(tokens) != 1)
                line.ended = token == self._end
                if line.walk and not line.ended:
                    line.walk.accept(token)
        return drawn

    def _mask(self, allowed: Sequence[Sequence[int]], logits: torch.Tensor) -> torch.Tensor | None:
        if self._grammar is None:
            return None
        if self._table is None:
            self._table = MaskTable(logits.size(-1), logits.device)
        rows = [self._table.row_of(tokens) if tokens else 0 for tokens in allowed]
        return self._table.masks(torch.tensor(rows, device=logits.device))

    def _rollout(self, prompt: list[int], line: _Line) -> Rollout:
        text, plan, spans = self._read(line.ids)
        return Rollout(prompt, line.ids, line.logprobs, line.free, text, plan, truncated=not line.ended, spans=spans)


def _left_padded(prompts: Sequence[Sequence[int]], pad: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of prompts of unequal lengths, (B, P) each."""
    longest = max(map(len, prompts))
    ids = [[pad] * (longest - len(each)) + list(each) for each in prompts]
    mask = [[0] * (longest - len(each)) + [1] * len(each) for each in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _one_of(logprobs: torch.Tensor, source: torch.Generator) -> torch.Tensor:
    """A draw from each row, by the Gumbel trick: cheaper than `multinomial`, and -inf is never drawn."""
    noise = -torch.empty_like(logprobs).exponential_(generator=source).log()
    return (logprobs + noise).argmax(-1)

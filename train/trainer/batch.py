"""Episodes and advantages go in, the tensors of one step come out, in the names that TRL's loss reads.

`tool_mask` is 1 on tokens that carry gradient: those that were free to be others, of completions that were neither cut
off nor left unexecuted. `old_per_token_logps` is what the sampler said, so the importance ratio is against whoever drew
the tokens. `allowed` numbers the sets of allowed tokens in a `MaskTable`; 0 allows everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch

from ..grammar.base import Grammar, allowed_at
from ..grammar.mask import MaskTable
from ..rollout import Choice, Episode, Rollout

Batch: TypeAlias = dict[str, torch.Tensor]

CHOICES = ("choice_at", "choice_tokens", "choice_worth", "choice_likelihood", "choice_heat")


def batch_of(
    episodes: Sequence[Episode],
    advantages: Sequence[Sequence[float]],
    *,
    pad: int,
    device: torch.device | str = "cpu",
    grammar: Grammar | None = None,
    table: MaskTable | None = None,
    choices: Sequence[Sequence[Choice]] | None = None,
    heat: float = 0.0,
) -> Batch:
    """The tensors of a step.

    Args:
        episodes: N of them, group by group.
        advantages: by token, N rows of T each.
        pad: the token that fills up.
        device: where the tensors are to be.
        grammar: what the sampler drew under.
        table: takes the grammar's sets.
        choices: by episode; where there is one, the token that was drawn has no advantage of its own.
        heat: weight of entropy there.

    Returns:
        Ids and masks (N, P) and (N, T); `advantages`, `old_per_token_logps`, `tool_mask` and `allowed`, (N, T). Of at
        most K choices among A tokens: `choice_at` (N, K), `choice_tokens` and `choice_worth` (N, K, A), filled up with
        what is worth -inf; `choice_likelihood`, (N, K); and `choice_heat`, ().
    """
    rollouts = [episode.rollout for episode in episodes]
    prompts = [list(each.prompt_ids) for each in rollouts]
    completions = [list(each.completion_ids) or [pad] for each in rollouts]
    allowed = [_rows_of(each, grammar, table) for each in rollouts]
    live = [
        not (each.rollout.truncated or each.error or rows is None) and bool(each.rollout.completion_ids)
        for each, rows in zip(episodes, allowed, strict=True)
    ]
    free = [[int(alive and each) for each in row.free] for row, alive in zip(rollouts, live, strict=True)]
    made = {
        "prompt_ids": _left(prompts, pad),
        "prompt_mask": _left([[1] * len(each) for each in prompts], 0),
        "completion_ids": _right(completions, pad),
        "completion_mask": _right([[1] * len(each) for each in completions], 0),
        "advantages": _right(without_choices(advantages, choices) if choices else advantages, 0.0),
        "old_per_token_logps": _right([each.logprobs for each in rollouts], 0.0),
        "tool_mask": _right(free, 0),
    }
    if table is not None:
        made["allowed"] = _right([rows or [] for rows in allowed], 0)
    width = made["completion_ids"].size(1)
    batch = {name: _widened(each, name, width).to(device) for name, each in made.items()}
    kept = [own if alive else () for own, alive in zip(choices or [()] * len(live), live, strict=True)]
    if any(kept):
        batch |= {name: each.to(device) for name, each in _choices(kept, heat).items()}
    return batch


def _choices(rows: Sequence[Sequence[Choice]], heat: float) -> Batch:
    """The tensors of the choices."""
    most, among = max(map(len, rows)), max(len(each.tokens) for row in rows for each in row)
    at = torch.zeros(len(rows), most, dtype=torch.int64)
    tokens = torch.zeros(len(rows), most, among, dtype=torch.int64)
    worth = torch.full((len(rows), most, among), -torch.inf)
    likelihood = torch.zeros(len(rows), most)
    for row, own in enumerate(rows):
        for place, each in enumerate(own):
            at[row, place], likelihood[row, place] = each.at, each.likelihood
            tokens[row, place, : len(each.tokens)] = torch.tensor(each.tokens)
            worth[row, place, : len(each.worth)] = torch.tensor(each.worth)
    return dict(zip(CHOICES, (at, tokens, worth, likelihood, torch.tensor(heat)), strict=True))


def without_choices(advantages: Sequence[Sequence[float]], choices: Sequence[Sequence[Choice]]) -> list[list[float]]:
    """Advantages in which tokens that all stand for a choice have none of their own."""
    rows = []
    for row, own in zip(advantages, choices, strict=True):
        places = {each.at for each in own}
        rows.append([0.0 if at in places else value for at, value in enumerate(row)])
    return rows


def _rows_of(rollout: Rollout, grammar: Grammar | None, table: MaskTable | None) -> list[int] | None:
    """The numbers of the sets of allowed tokens; None when the completion is not one of the grammar's."""
    if grammar is None or table is None:
        return []
    try:
        sets = allowed_at(grammar, rollout.prompt_ids, rollout.completion_ids)
    except ValueError:
        return None
    return [table.row_of(tokens) for tokens in sets]


def _left(rows: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[fill] * (longest - len(row)) + list(row) for row in rows])


def _right(rows: Sequence[Sequence[float]], fill: float) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([list(row) + [fill] * (longest - len(row)) for row in rows])


def _widened(tensor: torch.Tensor, name: str, width: int) -> torch.Tensor:
    """Filled up with 0 to the longest completion; a completion without tokens made one column of padding."""
    if name.startswith("prompt"):
        return tensor
    return torch.nn.functional.pad(tensor, (0, width - tensor.size(1)))

"""Sampling at a vLLM server: prompts' tokens go in, rollouts come out, with the server's own ids and log-probs.

Drawn with the plain distribution (no top-p, top-k or min-p), which is what the importance ratio takes for granted.
Start the server with `--logprobs-mode processed_logprobs`, so that log-probs are of the distribution drawn from. Law:
nothing is tokenised here; what the server says it drew is what is trained on.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...planner.plan import Plan
from ..errors import TrainError
from ..grammar.base import Grammar, allowed_at
from ..rollout import Field, Rollout
from .wire import Server

Read = Callable[[Sequence[int]], tuple[str, Plan | None, dict[Field, tuple[int, int]]]]
_MAX_SEED = 2**31


class RemoteSampler:
    """Draws from the model `name` of a server; what is called so may change, see `weights`."""

    def __init__(
        self,
        server: Server,
        name: str,
        *,
        read: Read,
        temperature: float = 1.0,
        concurrency: int = 32,
        schema: Mapping[str, Any] | None = None,
        grammar: Grammar | None = None,
    ) -> None:
        """Draw over HTTP.

        Args:
            server: where the model is.
            name: what the server calls it.
            read: makes a plan of a completion.
            temperature: of the drawing.
            concurrency: prompts that are asked for at once.
            schema: what the text must be JSON of; None for anything.
            grammar: the same here, which says where only one token was allowed.
        """
        self.name = name
        self._server, self._read = server, read
        self._temperature, self._concurrency = temperature, concurrency
        self._form = {"structured_outputs": {"json": dict(schema)}} if schema else {}
        self._grammar = grammar

    def sample(self, prompts: Sequence[Sequence[int]], *, group: int, max_tokens: int, seed: int) -> list[Rollout]:
        """`group` rollouts for each prompt, those of one prompt next to each other.

        Raises:
            TrainingPaused: when the server does not answer.
            TrainError: when it answers without ids or log-probs.
        """

        def ask(place: int) -> list[Rollout]:
            body = {
                "model": self.name,
                "prompt": list(prompts[place]),
                "n": group,
                "max_tokens": max_tokens,
                "temperature": self._temperature,
                "top_p": 1.0,
                "logprobs": 0,
                "return_token_ids": True,
                "seed": _seed(seed, place),
                **self._form,
            }
            return self._rollouts(prompts[place], self._server.post("/completions", body), group)

        with ThreadPoolExecutor(max_workers=self._concurrency) as pool:
            return [rollout for found in pool.map(ask, range(len(prompts))) for rollout in found]

    def _rollouts(self, prompt: Sequence[int], answer: Any, group: int) -> list[Rollout]:
        try:
            choices = sorted(answer["choices"], key=lambda each: int(each["index"]))
            found = [self._rollout(prompt, choice) for choice in choices]
        except (KeyError, TypeError, ValueError) as error:
            raise _no_tokens(self._server.name) from error
        if len(found) != group:
            raise _no_tokens(self._server.name)
        return found

    def _rollout(self, prompt: Sequence[int], choice: Any) -> Rollout:
        ids = [int(each) for each in choice["token_ids"]]
        logprobs = [float(each) for each in choice["logprobs"]["token_logprobs"]]
        if len(ids) != len(logprobs) or not all(math.isfinite(each) and each <= 1e-4 for each in logprobs):
            raise ValueError("ids and log-probs do not go together")
        text, plan, spans = self._read(ids)
        truncated = choice["finish_reason"] == "length"
        return Rollout(prompt, ids, logprobs, self._free(prompt, ids), text, plan, truncated=truncated, spans=spans)

    def _free(self, prompt: Sequence[int], ids: Sequence[int]) -> list[bool]:
        """Where more than one token was allowed."""
        if self._grammar is None:
            return [True] * len(ids)
        try:
            return [len(allowed) > 1 for allowed in allowed_at(self._grammar, prompt, ids)]
        except ValueError as error:
            raise _other_form(self._server.name) from error


def _seed(seed: int, place: int) -> int:
    digest = hashlib.blake2b(f"{seed}/{place}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _MAX_SEED


def _other_form(name: str) -> TrainError:
    return TrainError(
        f"The server at {name} draws tokens that the plans' schema does not allow.",
        hint='Start vLLM with --structured-outputs-config \'{"backend":"guidance","disable_any_whitespace":true}\'.',
    )


def _no_tokens(name: str) -> TrainError:
    return TrainError(
        f"The server at {name} does not say which tokens it drew and how likely they were.",
        hint="Use vLLM 0.20 or newer, started with --logprobs-mode processed_logprobs.",
    )

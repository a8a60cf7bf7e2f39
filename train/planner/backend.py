"""A model of transformers in this process, as a `Backend`: a request goes in, the text it draws comes out.

So whatever asks a model for a plan asks this one the same way, and its tokens are reserved and counted alike. Prompts
are made by `planner.prompt`; the form of the answer is kept by the grammar where the planner has one.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ...core.models.base import Delta, Message, OutputSchema, Reply, Request, ToolSchema
from ...core.models.model import Model
from ...core.models.spec import ModelSpec
from ...core.usage import Price, Usage
from ..errors import TrainError
from ..grammar.reading import read_compact
from ..rollout import Rollout
from ..sample.local import LocalSampler
from ..tiny.folder import Card
from .grammars import grammar_of
from .json_plan import json_reader
from .prompt import Said, prompt_ids

_NOWHERE = "http://in-process.invalid/v1"
_CHAT_TOKENS, _COMPACT_TOKENS = 4_096, 320


class LocalBackend:
    """Draws from one model, a request at a time."""

    def __init__(self, model: Any, tokenizer: Any, card: Card, *, temperature: float = 0.0, seed: int = 0) -> None:
        """Answer with this model; `temperature` 0 always takes the likeliest token."""
        self._model, self._tokenizer, self._card = model, tokenizer, card
        self._temperature, self._seed = temperature, seed
        self._samplers: dict[str, LocalSampler] = {}
        self._one_at_a_time = threading.Lock()

    async def complete(self, request: Request) -> Reply:
        """The whole answer."""
        prompt = self._prompt(request.messages)
        drawn = await asyncio.to_thread(self._draw, prompt, request)
        usage = Usage(prompt_tokens=len(prompt), completion_tokens=len(drawn.completion_ids))
        return Reply(text=drawn.text, finish_reason="length" if drawn.truncated else "stop", usage=usage)

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """The whole answer as one piece."""
        reply = await self.complete(request)
        yield Delta(text=reply.text)
        yield Delta(usage=reply.usage, finish_reason=reply.finish_reason)

    def count_tokens(self, messages: Sequence[Message], _tools: Sequence[ToolSchema]) -> int:
        """How long a prompt is, exactly."""
        return len(self._prompt(messages))

    def _prompt(self, messages: Sequence[Message]) -> list[int]:
        return prompt_ids(self._tokenizer, as_said(self._card, messages))

    def _draw(self, prompt: list[int], request: Request) -> Rollout:
        seed = self._seed if request.seed is None else request.seed
        with self._one_at_a_time:
            sampler = self._sampler(request.output)
            return sampler.sample([prompt], group=1, max_tokens=request.max_completion_tokens, seed=seed)[0]

    def _sampler(self, output: OutputSchema | None) -> LocalSampler:
        """The sampler that keeps to a form; grammars of forms are kept, since making one takes a second."""
        schema = dict(output.json_schema) if output else None
        key = json.dumps(schema, sort_keys=True)
        if key not in self._samplers:
            self._samplers[key] = local_sampler(
                self._model, self._tokenizer, self._card, temperature=self._temperature, schema=schema
            )
        return self._samplers[key]


def local_sampler(
    model: Any, tokenizer: Any, card: Card, *, temperature: float, schema: Mapping[str, Any] | None = None
) -> LocalSampler:
    """A sampler for a planner with this card: compact plans under their grammar, JSON under a schema or free."""
    compact = card.codec == "compact"
    return LocalSampler(
        model,
        read=read_compact if compact else json_reader(tokenizer),
        end_id=tokenizer.eos_token_id,
        pad_id=tokenizer.pad_token_id,
        grammar=grammar_of(card, tokenizer, schema),
        temperature=temperature,
    )


def local_model(name: str, model: Any, tokenizer: Any, card: Card, *, temperature: float = 0.0, seed: int = 0) -> Model:
    """The same behind the one door to all models: metered, its calls told as events."""
    backend = LocalBackend(model, tokenizer, card, temperature=temperature, seed=seed)
    window = getattr(model.config, "max_position_embeddings", None)
    spec = ModelSpec(
        model=name[:300] or "planner",
        base_url=_NOWHERE,
        price=Price(),
        window_tokens=window if window and window >= 256 else None,
        max_completion_tokens=_COMPACT_TOKENS if card.codec == "compact" else _CHAT_TOKENS,
        concurrency=1,
    )
    return Model(spec, backend, count_tokens=backend.count_tokens)


def as_messages(said: Said) -> list[Message]:
    """A prompt as chat messages; text stands in a single one of the user's."""
    return [{"role": "user", "content": said}] if isinstance(said, str) else said


def as_said(card: Card, messages: Sequence[Message]) -> Said:
    """The way back: for a planner that reads text, the text of the one message.

    Raises:
        TrainError: when it was sent several.
    """
    if card.prompt == "chat":
        return list(messages)
    if len(messages) != 1:
        raise TrainError("A tiny planner reads one text, and was sent a conversation.", hint="Use a chat model.")
    return str(messages[0]["content"])

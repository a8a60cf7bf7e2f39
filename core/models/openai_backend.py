"""The OpenAI backend: single attempts through the `openai` client itself. A `Request` goes in, a `Reply` comes out.

Kept apart what LangChain's client loses: `reasoning_content` (DeepSeek, vLLM), `reasoning` (OpenRouter, newer vLLM) and
`<think>…</think>` at the beginning of the text. Laws: the client's own retries are off, for they would escape the
ledger; LangChain's listeners are told of whole answers (`listeners`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from openai import AsyncOpenAI

from .base import Delta, Reply, Request
from .faults import Place, model_error
from .flow import whole
from .listeners import overheard
from .per_loop import PerLoop
from .spec import ModelSpec
from .stream_reader import StreamReader
from .wire import payload_of, reply_of

NO_KEY = "none"
"""Sent where no key is set: the client wants one, and endpoints that need none ignore it."""


def make_client(spec: ModelSpec) -> AsyncOpenAI:
    """A client for the endpoint, bound to the event loop it is first used in, without retries of its own."""
    return AsyncOpenAI(
        api_key=spec.key or NO_KEY,
        base_url=spec.url,
        timeout=spec.timeout_s,
        max_retries=0,
        default_headers=dict(spec.extra_headers) or None,
    )


class OpenAIBackend:
    """One endpoint and model through the `openai` client."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._place = Place(spec.endpoint, spec.model, spec.key)
        self._clients = PerLoop(lambda: make_client(spec))

    async def complete(self, request: Request) -> Reply:
        """The whole answer."""
        return await overheard(self._complete(request), request, self._spec.model)

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        """The answer in pieces."""
        arguments = self._arguments(request) | {"stream": True}
        if request.stream_usage:
            arguments["stream_options"] = {"include_usage": True}
        try:
            async with await self._clients.here().chat.completions.create(**arguments) as chunks:
                if "event-stream" in chunks.response.headers.get("content-type", "event-stream"):
                    deltas = _read(chunks, StreamReader(request))
                else:  # the endpoint does not stream, and has sent the whole answer instead
                    deltas = whole(self._body(chunks.response), request)
                async for delta in deltas:
                    yield delta
        except Exception as error:
            raise model_error(error, self._place) from error

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        client = self._clients.take()
        if client is not None:
            await client.close()

    async def _complete(self, request: Request) -> Reply:
        body = {"model": self._spec.model, **payload_of(request), **self._spec.extra_body}
        try:
            # Not `chat.completions.create`, which turns over each message and each field of the answer: 1 ms a call.
            said = await self._clients.here().post("/chat/completions", body=body, cast_to=bytes)
            return reply_of(json.loads(said), self._place)
        except Exception as error:
            raise model_error(error, self._place) from error

    async def _body(self, response: Any) -> Reply:
        return reply_of(json.loads(await response.aread()), self._place)

    def _arguments(self, request: Request) -> dict[str, Any]:
        return {"model": self._spec.model, "extra_body": dict(self._spec.extra_body) or None, **payload_of(request)}


async def _read(chunks: AsyncIterator[Any], reader: StreamReader) -> AsyncIterator[Delta]:
    async for chunk in chunks:
        delta = reader.read(chunk.model_dump(warnings=False))
        if delta.text or delta.reasoning:
            yield delta
    yield reader.last()

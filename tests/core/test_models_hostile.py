"""Answers no honest endpoint gives, over real HTTP: whatever comes, it is an answer or a `ModelError`, and is paid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreplan.core.errors import ModelError
from foreplan.core.ledger import Account, Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import OutputSchema
from foreplan.core.models.connect import connect
from foreplan.core.models.model import Model
from foreplan.core.models.retry import NEVER
from foreplan.core.models.spec import ModelSpec

MESSAGES = [{"role": "user", "content": "go"}]
OUTPUT = OutputSchema("o", {"type": "object"})
PER_ANSWER = 200


class Canned:
    """A server that sends the same bytes to everyone, then closes."""

    def __init__(self) -> None:
        self.body, self.content_type = b"", "application/json"
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> Canned:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(size.split(b":")[1]))
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
                % (self.content_type.encode(), len(self.body))
            )
            writer.write(self.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client hung up, as it may on hostile answers
        finally:
            writer.close()

    def says(self, message: Any, **fields: Any) -> None:
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **fields}
        self.content_type, self.body = "application/json", json.dumps(body).encode()

    def streams(self, *chunks: Any) -> None:
        lines = [chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode() for chunk in chunks]
        self.content_type = "text/event-stream"
        self.body = b"".join(b"data: " + line + b"\n\n" for line in lines) + b"data: [DONE]\n\n"


def chunk(delta: Any, finish_reason: Any = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **fields}


@asynccontextmanager
async def connected(server: Canned) -> AsyncIterator[Model]:
    spec = ModelSpec(model="m", base_url=server.url, max_completion_tokens=PER_ANSWER, timeout_s=20)
    model = connect(spec, retry=NEVER)
    yield model
    await model.aclose()


def account() -> Account:
    return Ledger(Limits(tokens=10**9)).account("a")


def is_settled(payer: Account) -> bool:
    return payer.ledger.calls() == 1 and payer.tokens_left == 10**9 - payer.spent.total_tokens


async def test_ten_megabytes_are_cut_to_what_the_limit_allows_and_paid():
    async with Canned() as server, connected(server) as model:
        server.says(
            {"role": "assistant", "content": "x" * 10_000_000}, usage={"prompt_tokens": 9, "completion_tokens": 5}
        )
        payer = account()
        reply = await model.call(MESSAGES, account=payer)
        assert reply.finish_reason == "length"
        assert len(reply.text) < 100_000
        assert payer.spent.completion_tokens == PER_ANSWER
        assert is_settled(payer)


async def test_a_stream_of_ten_megabytes_is_hung_up_on():
    async with Canned() as server, connected(server) as model:
        server.streams(*[chunk({"content": "x" * 10_000})] * 1_000, chunk({}, "stop"))
        payer, size = account(), 0
        async for delta in model.stream(MESSAGES, account=payer):
            size += len(delta.text)
            last = delta
        assert last.finish_reason == "length"
        assert size < 100_000
        assert is_settled(payer)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "many",
        {"prompt_tokens": "9"},
        {"prompt_tokens": -5, "completion_tokens": None},
        {"prompt_tokens": 1e99},
        {"prompt_tokens": True, "completion_tokens": 10**30},
        {"prompt_tokens_details": "x", "completion_tokens_details": [1]},
    ],
)
async def test_garbage_in_place_of_usage_is_bounded_not_zero(usage):
    async with Canned() as server, connected(server) as model:
        server.says({"role": "assistant", "content": "fine"}, usage=usage)
        payer = account()
        assert (await model.call(MESSAGES, account=payer)).text == "fine"
        assert payer.spent.prompt_tokens > 20
        assert 4 <= payer.spent.completion_tokens <= PER_ANSWER


async def test_usage_in_a_stream_may_be_garbage_too():
    async with Canned() as server, connected(server) as model:
        server.streams(
            chunk({"content": "fine"}), chunk({}, "stop"), {**chunk({}), "choices": [], "usage": {"prompt_tokens": "x"}}
        )
        payer = account()
        pieces = [each async for each in model.stream(MESSAGES, account=payer)]
        assert pieces[0].text == "fine"
        assert payer.spent.prompt_tokens > 20
        assert is_settled(payer)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_both_names_of_thinking_are_read(name):
    async with Canned() as server, connected(server) as model:
        server.says({"role": "assistant", "content": "a", name: "hm"})
        assert (await model.call(MESSAGES, account=account())).reasoning == "hm"
        server.streams(chunk({name: "hm"}), chunk({"content": "a"}), chunk({}, "stop"))
        pieces = [each async for each in model.stream(MESSAGES, account=account())]
        assert pieces[0].reasoning == "hm"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"choices": null}',
        b'{"choices": {}}',
        b'{"choices": [null]}',
        b'{"choices": ["x"]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": "x"}]}',
        b'{"choices": [{"message": {"role": 3}}]}',
        b'{"error": {"message": "boom"}}',
        b'{"choices": [' + b"[" * 100_000,
        b'"just text"',
        b"\xff\xfe",
        b"\x00" * 50,
    ],
)
async def test_a_body_that_is_no_chat_completion_is_a_model_error(body):
    async with Canned() as server, connected(server) as model:
        server.body = body
        payer = account()
        try:
            reply = await model.call(MESSAGES, account=payer)
            assert reply.text == ""
        except ModelError as error:
            assert error.kind in ("malformed", "transient")  # noqa: PT017 (an answer is as good)
        assert is_settled(payer)
        assert payer.spent.prompt_tokens > 0


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)
calls = st.lists(
    values | st.fixed_dictionaries({"function": values | st.fixed_dictionaries({"name": values, "arguments": values})}),
    max_size=3,
)
messages = values | st.fixed_dictionaries(
    {},
    optional={
        "role": values,
        "content": values,
        "refusal": values,
        "reasoning": values,
        "tool_calls": values | calls,
    },
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Callable[..., None]]:
    """Runs `ask(server, model)` in one event loop for all examples, since clients take long to make."""
    with asyncio.Runner() as runner:
        server = runner.run(Canned().__aenter__())
        held = connected(server)
        model = runner.run(held.__aenter__())
        yield lambda ask: runner.run(ask(server, model))
        runner.run(held.__aexit__(None, None, None))
        runner.run(server.__aexit__())


slow = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@slow
@given(messages, values, st.booleans())
def test_any_message_is_an_answer_or_a_model_error(stage, message, reason, wants_output):
    async def ask(server: Canned, model: Model) -> None:
        body = {"choices": [{"index": 0, "message": message, "finish_reason": reason}]}
        server.content_type, server.body = "application/json", json.dumps(body).encode()
        payer = account()
        try:
            reply = await model.call(MESSAGES, account=payer, output=OUTPUT if wants_output else None)
            assert isinstance(reply.text, str)
            assert all(isinstance(call.arguments, str) for call in reply.tool_calls)
        except ModelError:
            assert payer.spent.total_tokens > 0
        assert is_settled(payer)

    stage(ask)


@slow
@given(st.lists(messages.map(chunk) | values | st.just(b'{"choices": ['), max_size=4), st.booleans())
def test_any_stream_is_an_answer_or_a_model_error(stage, chunks, wants_output):
    async def ask(server: Canned, model: Model) -> None:
        server.streams(*chunks, chunk({}, "stop"))
        payer, wanted = account(), OUTPUT if wants_output else None
        try:
            pieces = [each async for each in model.stream(MESSAGES, account=payer, output=wanted)]
            assert pieces[-1].finish_reason
        except ModelError:
            assert payer.spent.total_tokens > 0
        assert is_settled(payer)

    stage(ask)

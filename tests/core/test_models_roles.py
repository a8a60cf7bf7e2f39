from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from foreplan.core.errors import ModelError, SettingsError
from foreplan.core.events import Event, Noted
from foreplan.core.ledger import Account, Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.base import Delta, OutputSchema, Reply, Request
from foreplan.core.models.connect import wrap
from foreplan.core.models.model import Model
from foreplan.core.models.retry import NEVER
from foreplan.core.models.roles import ROLES, Models, build_models
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Usage
from foreplan.testing import Answer, Fault, ModelServer, always

MESSAGES = [{"role": "user", "content": "go"}]


class Silent:
    """A backend that says nothing."""

    async def complete(self, request: Request) -> Reply:
        return Reply(usage=Usage(1, 0, 1, 0))

    async def stream(self, request: Request) -> AsyncIterator[Delta]:
        yield Delta(finish_reason="stop")


def model(name: str) -> Model:
    return Model(ModelSpec(model=name), Silent())


def spec(name: str = "m", **fields: Any) -> ModelSpec:
    return ModelSpec(**{"model": name, "base_url": "http://localhost:1/v1", **fields})


def account() -> Account:
    return Ledger(Limits()).account("a")


def names(models: Models) -> list[str]:
    return [models.role(role).name for role in ROLES]


def test_without_models_the_run_is_embedded_and_roles_are_an_error():
    models = Models()
    assert models.embedded
    assert not models.workers
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        _ = models.planner


def test_unset_roles_fall_back():
    p, w, o = model("p"), model("w"), model("o")
    assert names(Models(planner=p)) == ["p"] * 5
    assert names(Models(worker=w)) == ["w"] * 5
    assert names(Models(planner=p, worker=w)) == ["p", "w", "p", "w", "p"]
    assert names(Models(planner=p, writer=o)) == ["p", "p", "o", "p", "p"]
    assert names(Models(judge=o)) == ["o"] * 5
    assert names(Models(planner=p, pool={"small": o})) == ["p", "o", "p", "o", "p"]
    assert names(Models(pool={"small": o})) == ["o"] * 5


def test_the_pool_stands_beside_the_default_worker():
    p, w, small = model("p"), model("w"), model("s")
    models = Models(planner=p, worker=w, pool={"small": small})
    assert {name: each.name for name, each in models.workers.items()} == {"worker": "w", "small": "s"}
    assert models.worker_named("small") is small
    assert models.worker_named(None) is models.worker_named("unheard of") is w
    assert list(Models(planner=p, pool={"small": small}).workers) == ["small"]
    assert list(Models(planner=p).workers) == ["worker"]


def test_models_are_read_only():
    with pytest.raises(AttributeError):
        Models().planner = model("p")  # type: ignore[misc]


def test_equal_specs_share_a_model_and_equal_endpoints_share_slots():
    models = build_models(
        {"planner": spec("a"), "writer": spec("a"), "worker": spec("b", concurrency=3)},
        {"other": spec("c", api_key=SecretStr("k"))},
    )
    assert models.planner is models.writer
    assert models.planner is not models.worker
    assert models.planner.slots is models.worker.slots
    assert models.workers["other"].slots is not models.worker.slots


async def test_the_number_of_slots_is_the_smallest_that_was_set():
    models = build_models({"planner": spec("a", concurrency=2), "worker": spec("b")})
    async with models.worker.slots.slot(), models.planner.slots.slot():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), models.planner.slots.slot():
                pass


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="plannner"):
        build_models({"plannner": spec()})


async def test_a_users_own_chat_model_serves_every_role():
    chat = GenericFakeChatModel(messages=iter([AIMessage("it is"), AIMessage("more of it")]))
    models = Models.of(chat)
    payer = account()
    reply = await models.writer.call(MESSAGES, account=payer)
    assert reply.text == "it is"
    assert payer.spent.total_tokens >= 5
    text = "".join([delta.text async for delta in models.judge.stream(MESSAGES, account=payer)])
    assert text == "more of it"


async def test_structured_output_of_a_chat_model_without_tools_is_asked_for_in_words():
    chat = GenericFakeChatModel(messages=iter([AIMessage('Sure: {"a": 1}')]))
    planner = Models.of(chat).planner
    reply = await planner.call(MESSAGES, account=account(), output=OutputSchema("o", {"type": "object"}))
    assert (reply.text, planner.structured) == ('{"a": 1}', "prompt")


async def test_a_users_chat_model_that_takes_no_tools_is_told_of_them_in_words():
    chat = GenericFakeChatModel(messages=iter([AIMessage("in words")]))
    tool = {"type": "function", "function": {"name": "t", "parameters": {"type": "object", "properties": {}}}}
    told: list[Event] = []
    reply = await Models.of(chat).planner.call(MESSAGES, account=account(), tools=[tool], emit=told.append)
    assert reply.text == "in words"
    assert [event.text for event in told if isinstance(event, Noted)] == [
        "GenericFakeChatModel at GenericFakeChatModel refuses tools; it is not sent again."
    ]


async def test_a_users_chat_openai_is_metered_without_hidden_retries():
    with ModelServer(lambda request: Answer(json={"a": 1}), faults=always(Fault("server_error"))) as server:
        chat = ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("k"), max_retries=5)
        models = Models.of({"planner": wrap(chat, retry=NEVER), "cheap": spec("n"), "judge": model("j")})
        with pytest.raises(ModelError, match="500"):
            await models.planner.call(MESSAGES, account=account())
        assert len(server.log) == 1
    assert chat.max_retries == 5
    assert models.workers["cheap"].name == "n"
    assert models.judge.name == "j"


async def test_a_users_chat_openai_streams_with_usage():
    payer = account()
    with ModelServer(lambda request: Answer(json={"a": 1})) as server:
        chat = ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("k"))
        planner = Models.of(chat).planner
        output = OutputSchema("o", {"type": "object"})
        pieces = [each async for each in planner.stream(MESSAGES, account=payer, output=output)]
        assert payer.spent.total_tokens == server.tokens_billed > 0
    assert "".join(each.text for each in pieces) == '{"a": 1}'


async def test_calls_show_in_the_callbacks_of_the_app():
    seen: list[str] = []

    class Watch(AsyncCallbackHandler):
        async def on_llm_end(self, response: Any, **kwargs: Any) -> None:
            seen.append(response.generations[0][0].text)

    with ModelServer(lambda request: "it is") as server:
        chat = ChatOpenAI(model="m", base_url=server.url, api_key=SecretStr("k"), callbacks=[Watch()])
        await Models.of(chat).planner.call(MESSAGES, account=account())
    assert seen == ["it is"]


QUIET = """
import asyncio, socket, sys
hosts = []
real = socket.socket.connect
def connect(self, address):
    hosts.append(address)
    return real(self, address)
socket.socket.connect = connect
looked_up = []
find = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    looked_up.append(host)
    return find(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
from foreplan.core.ledger import free_account
from foreplan.core.models.connect import connect as make
from foreplan.core.models.spec import ModelSpec
from foreplan.testing import ModelServer
async def main():
    with ModelServer(lambda request: "ok") as server:
        model = make(ModelSpec(model="gpt-4o", base_url=server.url))
        await model.call([{"role": "user", "content": "go"}], account=free_account())
        await model.aclose()
asyncio.run(main())
import langsmith.utils
assert langsmith.utils.tracing_is_enabled() is False
assert "tiktoken.load" not in sys.modules or not any("openaipublic" in str(host) for host in looked_up)
assert all(str(host) in ("127.0.0.1", "b'127.0.0.1'") for host in looked_up), looked_up
"""


def test_nothing_phones_home():
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "LANGCHAIN"))}
    ran = subprocess.run([sys.executable, "-c", QUIET], env=clean, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_models_load_neither_openai_nor_langchain_until_one_is_connected():
    code = (
        "import sys, foreplan.core.models.roles, foreplan.core.models.model\n"
        "sys.exit(any(name in sys.modules for name in ('openai', 'langchain_core', 'langchain_openai', 'httpx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0

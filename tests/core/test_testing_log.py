"""The server's own log: what was asked, generated and billed, whatever the client does."""

import asyncio
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from support.chat import HELLO, ask

from foreplan.testing import (
    Answer,
    ChatRequest,
    Constant,
    ModelServer,
    ProcessServer,
    count_tokens,
    prompt_tokens,
    read_log,
)

HTTP = httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def talkative(request: ChatRequest) -> Answer:
    return Answer(text="w" * 4000)


SCRIPTS = """
from foreplan.testing import Answer, Capabilities, Endpoint

def talkative(request):
    return Answer(text="w" * 4000)

def refusing(system):
    return Endpoint(lambda request: "ok", capabilities=Capabilities(system=system), keep_messages=False)
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    path = tmp_path / "scripts.py"
    path.write_text(SCRIPTS)
    return path


def test_an_entry_says_what_was_asked_and_billed():
    with ModelServer(lambda request: Answer(text="ok, then", reasoning="hm")) as server:
        ask(server.url, model="worker")
        (entry,) = server.log
        assert server.tokens_billed == entry.billed_tokens
    assert (entry.model, entry.status, entry.finished, entry.client_left) == ("worker", 200, True, False)
    assert entry.prompt_tokens == prompt_tokens(HELLO)
    assert (entry.completion_tokens, entry.reasoning_tokens) == (3, 1)
    assert entry.billed_tokens == entry.prompt_tokens + entry.completion_tokens
    assert list(entry.messages) == HELLO
    assert entry.seconds is not None
    assert 0 <= entry.seconds < 5


def test_a_stream_that_the_client_leaves_is_billed_for_what_was_generated():
    with ModelServer(talkative, latency=Constant(tokens_per_s=400)) as server:
        with ask(server.url, stream=True) as stream:
            heard = [next(iter(stream)) for _ in range(4)]
        assert server.wait_idle()
        (entry,) = server.log
    assert len(heard) == 4
    assert (entry.client_left, entry.finished) == (True, False)
    assert 3 <= entry.completion_tokens < 1000
    assert entry.billed_tokens == entry.prompt_tokens + entry.completion_tokens


def test_a_fast_stream_that_nobody_reads_ends_when_the_client_leaves():
    with ModelServer(lambda request: Answer(text="w" * 30_000_000)) as server:
        with ask(server.url, stream=True) as stream:
            next(iter(stream))
        assert server.wait_idle()
        (entry,) = server.log
    assert entry.client_left
    assert 0 < entry.completion_tokens < 7_500_000


def test_a_whole_call_that_the_client_leaves_is_billed_by_the_clock():
    with ModelServer(talkative, latency=Constant(0.02, tokens_per_s=1000)) as server:
        with pytest.raises(openai.APITimeoutError):
            ask(server.url, timeout=0.3)
        assert server.wait_idle()
        (entry,) = server.log
    assert (entry.client_left, entry.status) == (True, 0)
    assert 20 <= entry.completion_tokens < 1000


def test_a_call_left_while_the_script_thinks_is_billed_its_prompt():
    cancelled = []

    async def script(request: ChatRequest) -> Answer:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(request.number)
            raise
        return Answer()

    with ModelServer(script) as server:
        with pytest.raises(openai.APITimeoutError):
            ask(server.url, timeout=0.05)
        assert server.wait_idle()
        assert server.tokens_billed == prompt_tokens(HELLO)
    assert cancelled == [0]


def test_a_client_that_leaves_before_its_request_is_whole_never_asked(caplog):
    with ModelServer(talkative) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port)) as line:
            line.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        ask(server.url)
        assert [entry.finished for entry in server.log] == [True]
    assert not caplog.records


def test_calls_at_the_same_time_are_counted():
    everyone = asyncio.Barrier(8)

    async def script(request: ChatRequest) -> Answer:
        await everyone.wait()
        return Answer(text="ok")

    async def all_at_once(url: str) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            body = {"model": "m", "messages": HELLO}
            await asyncio.gather(*[client.post(f"{url}/chat/completions", json=body) for _ in range(8)])

    with ModelServer(script) as server:
        asyncio.run(all_at_once(server.url))
        assert server.peak_in_flight == 8
        assert sorted(entry.in_flight for entry in server.log) == list(range(1, 9))
        server.clear_log()
        assert (server.log, server.peak_in_flight) == ([], 0)


def test_the_file_tells_the_same_as_the_log_and_survives_a_torn_line(tmp_path):
    path = tmp_path / "requests.jsonl"
    with ModelServer(talkative, log_path=path) as server:
        ask(server.url)
        ask(server.url, max_completion_tokens=7)
        told = server.log
    lines = path.read_text().splitlines(keepends=True)
    assert read_log(lines) == told
    torn = read_log([*lines[:3], lines[3][:20]])
    assert [entry.ended_at is None for entry in torn] == [False, True]


def test_a_server_in_its_own_process_serves_and_logs(scripts):
    with ProcessServer(f"{scripts}:talkative") as server:
        assert count_tokens(ask(server.url).choices[0].message.content) == 1000
        assert server.wait_idle()
        assert server.log[0].finished
        assert server.tokens_billed >= 1000
        assert HTTP.get(f"{server.url.removesuffix('/v1')}/log").json()[0]["model"] == "m"
    with pytest.raises(httpx.ConnectError):
        HTTP.get(server.url)
    assert server.log[0].prompt_tokens == prompt_tokens(HELLO)


def test_a_process_takes_an_endpoint_made_with_arguments(scripts):
    with ProcessServer(f"{scripts}:refusing", {"system": False}) as server:
        assert ask(server.url).choices[0].message.content == "ok"
        with pytest.raises(openai.BadRequestError):
            ask(server.url, messages=[{"role": "system", "content": "s"}])
        assert not server.log[0].messages


def test_the_log_outlives_a_killed_client(tmp_path):
    log = tmp_path / "requests.jsonl"
    with ModelServer(talkative, latency=Constant(tokens_per_s=200), log_path=log) as server:
        caller = subprocess.Popen([sys.executable, "-c", _CALL, server.url], stdout=subprocess.PIPE, text=True)
        assert caller.stdout is not None
        assert caller.stdout.readline() == "hearing\n"
        caller.kill()
        caller.communicate()
        assert server.wait_idle()
    (entry,) = read_log(log.read_text().splitlines(keepends=True))
    assert entry.client_left
    assert 0 < entry.completion_tokens < 1000


@pytest.mark.parametrize("where", ["no colon", "foreplan.no_such_module:x", "foreplan.testing:nothing"])
def test_a_script_that_is_not_there_is_told(where, capfd):
    with pytest.raises(RuntimeError, match="did not start"):
        ProcessServer(where).start()
    assert "Error" in capfd.readouterr().err


_CALL = """
import http.client, json, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[1])
line = http.client.HTTPConnection(url.hostname, url.port)
body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}
line.request("POST", url.path + "/chat/completions", json.dumps(body))
answer = line.getresponse()
answer.readline(), answer.readline(), answer.readline()
print("hearing", flush=True)
answer.read()
"""

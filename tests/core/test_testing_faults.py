"""Faults of the model server, each as OpenAI's own client meets it, and what is billed for it."""

import json
import ssl
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import openai
import pytest
from support.chat import HELLO, ask

from foreplan.testing import (
    FAULT_NAMES,
    Answer,
    ChatRequest,
    Fault,
    Faults,
    ModelServer,
    always,
    count_tokens,
    first_of,
    once,
    prompt_tokens,
)

WORDS = json.dumps({"list": list(range(60))})
PROMPT, SPOKEN = prompt_tokens(HELLO), count_tokens(WORDS)
HTTP = httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def told(server: ModelServer, **fields: Any) -> Any:
    """The answer, a stream read to its end."""
    reply = ask(server.url, **fields)
    return list(reply) if fields.get("stream") else reply


def serve(fault: Any) -> ModelServer:
    return ModelServer(lambda request: Answer(text=WORDS), faults=always(fault))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", openai.RateLimitError),
        ("server_error", openai.InternalServerError),
        ("unavailable", openai.InternalServerError),
    ],
)
def test_errors_come_in_openais_form_and_cost_nothing(kind, error, stream):
    with serve(kind) as server:
        with pytest.raises(error) as caught:
            told(server, stream=stream)
        assert (server.log[0].fault, server.log[0].billed_tokens) == (kind, 0)
    assert caught.value.status_code == server.log[0].status


def test_retry_after_comes_as_seconds_or_as_a_date():
    injector = first_of(
        once(Fault("rate_limit", retry_after_s=2.5)), always(Fault("rate_limit", 60, retry_after_date=True))
    )
    with ModelServer(lambda request: "ok", faults=injector) as server:
        first, second = (
            HTTP.post(f"{server.url}/chat/completions", json={"model": "m", "messages": HELLO}) for _ in range(2)
        )
    assert first.headers["retry-after"] == "2.5"
    left = parsedate_to_datetime(second.headers["retry-after"]) - datetime.now(UTC)
    assert left.total_seconds() == pytest.approx(60, abs=5)


@pytest.mark.parametrize("stream", [False, True])
def test_a_dropped_connection_bills_the_lost_answer(stream):
    with serve("drop") as server:
        with pytest.raises(openai.APIConnectionError):
            told(server, stream=stream)
        assert server.wait_idle()
        assert (server.log[0].status, server.log[0].billed_tokens) == (0, PROMPT + SPOKEN)


def test_a_cut_stream_ends_after_its_pieces_without_usage():
    with serve(Fault("cut_stream", chunks=3)) as server:
        body = {"model": "m", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
        events: list[str] = []
        with pytest.raises(httpx.RemoteProtocolError), HTTP.stream(
            "POST", f"{server.url}/chat/completions", json=body
        ) as answer:  # fmt: skip
            events.extend(line for line in answer.iter_lines() if line)
        said = "".join(json.loads(line[6:])["choices"][0]["delta"]["content"] for line in events)
        logged = server.log[0]
    assert WORDS.startswith(said)
    assert not any("usage" in line or "DONE" in line for line in events)
    assert (logged.completion_tokens, logged.finished) == (12, False)
    assert count_tokens(said) == 12


def test_a_whole_body_is_cut_too():
    with serve("cut_stream") as server, pytest.raises(openai.APIConnectionError):
        ask(server.url)


@pytest.mark.parametrize("stream", [False, True])
def test_a_malformed_body_is_no_json(stream):
    with serve("malformed_body") as server:
        with pytest.raises(ValueError):
            told(server, stream=stream)
        assert server.log[0].billed_tokens == PROMPT + SPOKEN


@pytest.mark.parametrize("kind", ["malformed_answer", "wrong_schema"])
def test_a_spoilt_answer_comes_in_a_sound_body(kind):
    with serve(kind) as server:
        text = ask(server.url).choices[0].message.content
        pieces = told(server, stream=True)
    assert text == "".join(piece.choices[0].delta.content or "" for piece in pieces)
    if kind == "malformed_answer":
        with pytest.raises(ValueError):
            json.loads(text)
    else:
        assert json.loads(text) == {"unexpected": True}


def test_tool_arguments_are_spoilt_as_well():
    with ModelServer(
        lambda request: Answer(tool_calls=[("t", {"a": [1, 2]})]), faults=always("malformed_answer")
    ) as server:
        call = ask(server.url).choices[0].message.tool_calls[0]
    with pytest.raises(ValueError):
        json.loads(call.function.arguments)


def test_refusal_filter_and_length():
    for kind, reason in [("refusal", "stop"), ("content_filter", "content_filter"), ("length", "length")]:
        with serve(kind) as server:
            choice = ask(server.url).choices[0]
            assert choice.finish_reason == reason
            if kind == "refusal":
                assert choice.message.refusal
                assert choice.message.content is None
            else:
                assert 0 < len(choice.message.content) < len(WORDS)
                assert WORDS.startswith(choice.message.content)
                assert server.log[0].completion_tokens < SPOKEN


def test_empty_choices_and_a_login_page():
    with serve("empty_choices") as server:
        assert ask(server.url).choices == []
        assert all(not piece.choices for piece in told(server, stream=True))
        assert [entry.billed_tokens for entry in server.log] == [PROMPT, PROMPT]
    with serve("wrong_content_type") as server:
        page = HTTP.post(f"{server.url}/chat/completions", json={"model": "m", "messages": HELLO})
    assert page.headers["content-type"].startswith("text/html")


def test_usage_may_be_missing_or_lie_but_the_log_knows():
    with serve("usage_missing") as server:
        assert ask(server.url).usage is None
        options = {"stream": True, "stream_options": {"include_usage": True}}
        assert not any(piece.usage for piece in told(server, **options))
        assert server.tokens_billed == 2 * (PROMPT + SPOKEN)
    with serve(Fault("usage_lying", factor=0.5)) as server:
        assert ask(server.url).usage.completion_tokens == SPOKEN // 2
        assert server.tokens_billed == PROMPT + SPOKEN


@pytest.mark.parametrize("stream", [False, True])
def test_a_hanging_call_lasts_until_the_client_gives_up(stream):
    with serve("hang") as server:
        with pytest.raises(httpx.ReadTimeout):
            HTTP.post(
                f"{server.url}/chat/completions",
                json={"model": "m", "messages": HELLO, "stream": stream},
                timeout=0.05,
            )
        assert server.wait_idle()
        logged = server.log[0]
    assert (logged.client_left, logged.fault, logged.status) == (True, "hang", 0)
    assert logged.billed_tokens >= PROMPT


@pytest.mark.parametrize("stream", [False, True])
def test_a_slow_loris_says_nothing_but_keeps_the_line_busy(stream):
    body = {"model": "m", "messages": HELLO, "stream": stream}
    with serve(Fault("slow_loris", every_s=0.01)) as server:
        with HTTP.stream("POST", f"{server.url}/chat/completions", json=body) as answer:
            pieces = answer.iter_raw()
            said = [next(pieces) for _ in range(3)]
        assert server.wait_idle()
        assert (server.log[0].client_left, server.log[0].fault) == (True, "slow_loris")
    assert b"".join(said).replace(b":", b"").strip() == b""


def test_stopping_the_server_ends_endless_calls():
    asked = threading.Event()

    def script(request: ChatRequest) -> str:
        asked.set()
        return "never heard"

    server = ModelServer(script, faults=always("hang")).start()

    def stop() -> None:
        asked.wait()
        server.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(openai.APIConnectionError):
        ask(server.url)
    stopper.join()
    assert server.log[0].client_left


def test_an_answer_can_bring_its_fault():
    script = iter([Answer(fault=Fault("server_error")), Answer(text="ok")])
    with ModelServer(lambda request: next(script)) as server:
        with pytest.raises(openai.InternalServerError):
            ask(server.url)
        assert ask(server.url).choices[0].message.content == "ok"


def test_faults_that_need_no_words_take_none_from_the_script():
    script = iter(["first"])
    with ModelServer(lambda request: next(script), faults=once("rate_limit")) as server:
        with pytest.raises(openai.RateLimitError):
            ask(server.url)
        assert ask(server.url).choices[0].message.content == "first"


def asked(words: str, number: int = 0) -> ChatRequest:
    return ChatRequest("m", [{"role": "user", "content": words}], number=number)


def test_drawn_faults_do_not_depend_on_the_order_of_requests():
    requests = [asked(f"question {n}", n) for n in range(400)]
    forwards, backwards = Faults(0.3, seed=1), Faults(0.3, seed=1)
    there = {request.text: forwards(request) for request in requests}
    back = {request.text: backwards(request) for request in reversed(requests)}
    assert there == back
    hit = [fault for fault in there.values() if fault]
    assert 80 < len(hit) < 160
    assert {fault.kind for fault in hit} == set(FAULT_NAMES) - {"hang", "slow_loris"}
    assert any((forwards(request) is None) != (there[request.text] is None) for request in requests)


def test_faults_by_number_and_by_predicate():
    by_number = Faults(0.5, ["drop"], by="number")
    drawn = [by_number(asked("same", n)) for n in range(50)]
    assert drawn == [Faults(0.5, ["drop"], by="number")(asked("other", n)) for n in range(50)]
    assert 10 < sum(fault is not None for fault in drawn) < 40
    twice = once("drop", lambda request: "b" in request.text, times=2)
    assert [twice(asked(word)) is not None for word in "abcbb"] == [False, True, False, True, False]
    with pytest.raises(ValueError, match="unknown fault"):
        always("no such fault")  # type: ignore[arg-type]

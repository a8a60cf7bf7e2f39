"""Training against a server, without one of vLLM's: what it may answer, and weights that never reach it."""

import json
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreplan.train.errors import RecipeError, TrainError, TrainingPaused
from foreplan.train.remote.sampler import RemoteSampler
from foreplan.train.remote.weights import check_weights, reload_weights, tensors_in
from foreplan.train.remote.wire import Server

CHOICE = {"index": 0, "token_ids": [5, 6], "logprobs": {"token_logprobs": [-0.5, -1.0]}, "finish_reason": "stop"}


@contextmanager
def answering(script):
    """A server whose answers (status, JSON) `script` makes of path and body; yields its URL and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body))
            status, answer = script(self.path, body)
            said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read(ids):
    return " ".join(map(str, ids)), None, {}


def drawn(url, prompts=((1, 2),), group=1):
    server = Server(url)
    try:
        return RemoteSampler(server, "m", read=read).sample(prompts, group=group, max_tokens=4, seed=3)
    finally:
        server.close()


def test_ids_and_log_probs_are_the_servers_own_in_order_of_prompts():
    def script(_, body):
        first = body["prompt"][0]
        choices = [{**CHOICE, "index": at, "token_ids": [first, at]} for at in reversed(range(body["n"]))]
        return 200, {"choices": choices}

    with answering(script) as (url, asked):
        found = drawn(url, prompts=[[7], [8], [9]], group=2)
    assert [list(each.completion_ids) for each in found] == [[7, 0], [7, 1], [8, 0], [8, 1], [9, 0], [9, 1]]
    assert all(each.logprobs == [-0.5, -1.0] and all(each.free) for each in found)
    bodies = [body for _, body in asked]
    assert len({body["seed"] for body in bodies}) == 3
    assert all(body["top_p"] == 1.0 and not {"top_k", "min_p"} & set(body) for body in bodies)


@pytest.mark.parametrize(
    "choices",
    [
        [],
        [{**CHOICE, "token_ids": None}],
        [{**CHOICE, "token_ids": [1, 2, 3]}],
        [{**CHOICE, "logprobs": None}],
        [{**CHOICE, "logprobs": {"token_logprobs": [0.5, float("inf")]}}],
        [{**CHOICE, "logprobs": {"token_logprobs": [None, -1.0]}}],
        "choices",
        [CHOICE, CHOICE],
    ],
)
def test_an_answer_without_tokens_and_log_probs_is_refused(choices):
    with answering(lambda *_: (200, {"choices": choices})) as (url, _), pytest.raises(TrainError, match="tokens"):
        drawn(url)


def test_a_fault_that_passes_is_tried_again():
    answers = iter([(503, b"busy"), (200, {"choices": [CHOICE]})])
    with answering(lambda *_: next(answers)) as (url, asked):
        assert len(drawn(url)) == 1
    assert len(asked) == 2


def test_a_request_that_is_refused_is_not_repeated():
    with answering(lambda *_: (400, b"no such model")) as (url, asked):
        with pytest.raises(RecipeError, match="no such model"):
            drawn(url)
        assert len(asked) == 1


@pytest.mark.slow
def test_a_server_that_stays_down_pauses_the_training():
    with answering(lambda *_: (503, b"")) as (url, _), pytest.raises(TrainingPaused, match="503"):
        drawn(url)


def model_folder(folder, tensors, **config):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"hidden_size": 8, **config}))
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    return folder


def safetensors(tensors):
    header, at = {}, 0
    for name, shape in tensors.items():
        size = 4
        for each in shape:
            size *= each
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    said = json.dumps(header).encode()
    return struct.pack("<Q", len(said)) + said + bytes(at)


def test_weights_of_the_same_model_are_loaded_and_tried_out(tmp_path):
    old, new = model_folder(tmp_path / "old", {"w": (2, 3)}), model_folder(tmp_path / "new", {"w": (2, 3)})
    with answering(lambda *_: (200, {"choices": [CHOICE]})) as (url, asked):
        server = Server(url)
        reload_weights(server, new, like=old, name="m")
        server.close()
    assert [path for path, _ in asked] == ["/collective_rpc", "/reset_prefix_cache", "/v1/completions"]
    assert asked[0][1]["kwargs"]["weights_path"] == str(new)


def test_a_server_that_plans_no_more_pauses_the_training(tmp_path):
    old = model_folder(tmp_path / "old", {"w": (2, 3)})
    sick = {"choices": [{**CHOICE, "logprobs": {"token_logprobs": [float("nan")]}}]}
    with answering(lambda *_: (200, sick)) as (url, _), pytest.raises(TrainingPaused, match="no longer"):
        reload_weights(Server(url), old, like=old, name="m")


@pytest.mark.parametrize(
    ("tensors", "config", "said"),
    [
        ({"w": (2, 4)}, {}, "shape"),
        ({"w": (2, 3), "x": (1,)}, {}, "x is in"),
        ({}, {}, "w is in"),
        ({"w": (2, 3)}, {"hidden_size": 9}, "hidden_size"),
    ],
)
def test_weights_of_another_model_never_reach_the_server(tensors, config, said, tmp_path):
    old, new = model_folder(tmp_path / "old", {"w": (2, 3)}), model_folder(tmp_path / "new", tensors, **config)
    with answering(lambda *_: (200, {})) as (url, asked):
        with pytest.raises(RecipeError, match=said):
            reload_weights(Server(url), new, like=old, name="m")
        assert asked == []


@given(st.binary(max_size=200) | st.integers(0, 80).map(lambda cut: safetensors({"w": (2, 3)})[:cut]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_that_is_no_safetensors_is_refused_whatever_it_holds(tmp_path, raw):
    (tmp_path / "model.safetensors").write_bytes(raw)
    try:
        found = tensors_in(tmp_path)
    except RecipeError:
        return
    # Whatever is taken for whole says of each tensor where it stands.
    assert raw == safetensors({"w": (2, 3)}) or not found


def test_a_folder_without_a_config_is_refused(tmp_path):
    old = model_folder(tmp_path / "old", {"w": (2, 3)})
    for config in (b"", b"[]", b"\xff"):
        new = model_folder(tmp_path / "new", {"w": (2, 3)})
        (new / "config.json").write_bytes(config)
        with pytest.raises(RecipeError, match="config"):
            check_weights(new, old)

"""A real vLLM: plans, tool calls, streams, tokens for RL, and new weights while it runs."""

import json
import shutil

import pytest
import torch
from peft import PeftModel
from support.tiny_chat import BRIEF, PLAN, RULES, spoken
from support.vllm_server import NAME
from transformers import AutoModelForCausalLM, AutoTokenizer

from foreplan.agents.tools.schema import terse_form
from foreplan.agents.tools.submit import SUBMIT, Submission, submit_tool
from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.core.models.connect import connect
from foreplan.core.models.spec import ModelSpec
from foreplan.planner.messages import planner_messages
from foreplan.planner.plan import Plan
from foreplan.planner.propose import propose, propose_stream
from foreplan.planner.schema import output_schema
from foreplan.train.errors import RecipeError, TrainingPaused
from foreplan.train.grammar.base import allowed_at
from foreplan.train.grammar.json_schema import JsonGrammar
from foreplan.train.grammar.mask import MaskTable, masked_log_softmax
from foreplan.train.planner.json_plan import json_reader
from foreplan.train.planner.prompt import prompt_ids
from foreplan.train.remote.sampler import RemoteSampler
from foreplan.train.remote.weights import load_adapter, probe, reload_weights, unload_adapter
from foreplan.train.remote.wire import Server

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]


def model_at(vllm, **extra):
    return connect(
        ModelSpec(model=NAME, base_url=vllm.url, window_tokens=4_096, max_completion_tokens=1_500, extra_body=extra)
    )


@pytest.fixture
def account():
    return Ledger(Limits(tokens=None)).account("planner")


@pytest.fixture(scope="session")
def server(vllm):
    server = Server(vllm.url)
    yield server
    server.close()


@pytest.fixture(scope="session")
def tokenizer(chat_folder):
    return AutoTokenizer.from_pretrained(chat_folder)


@pytest.fixture
async def model(vllm):
    model = model_at(vllm)
    yield model
    await model.aclose()


@pytest.fixture
async def greedy(vllm):
    model = model_at(vllm, temperature=0)
    yield model
    await model.aclose()


async def test_what_a_random_model_writes_under_the_schema_is_json_in_the_plans_form(model, account):
    for _ in range(5):
        reply = await model.call(planner_messages(BRIEF, RULES), account=account, output=output_schema(RULES))
        Plan.model_validate(json.loads(reply.text))
        assert reply.finish_reason == "stop"
        assert reply.usage.prompt_tokens > 100
        assert reply.usage.completion_tokens > 10


async def test_a_stream_tells_its_usage_at_the_end(model, account):
    stream = model.stream(planner_messages(BRIEF, RULES), account=account, output=output_schema(RULES))
    *pieces, last = [piece async for piece in stream]
    assert len(pieces) > 5
    Plan.model_validate(json.loads("".join(piece.text for piece in pieces)))
    assert last.usage is not None
    assert last.usage.completion_tokens > 5


async def test_a_worker_hands_in_its_digest_as_a_tool_call(model, account):
    tools = [terse_form(submit_tool())]
    messages = [{"role": "user", "content": "When was the first dam built?"}]
    reply = await model.call(messages, account=account, tools=tools, tool_choice="required", seed=7)
    assert [call.name for call in reply.tool_calls] == [SUBMIT] * len(reply.tool_calls) != []
    Submission.model_validate(json.loads(reply.tool_calls[0].arguments))


def test_ids_and_log_probs_for_rl_are_those_of_transformers(server, tokenizer, chat_folder):
    prompt = prompt_ids(tokenizer, planner_messages(BRIEF, RULES))
    drawn = RemoteSampler(server, NAME, read=json_reader(tokenizer)).sample(
        [prompt, prompt[:50]], group=4, max_tokens=32, seed=1
    )
    assert [list(each.prompt_ids) for each in drawn] == [prompt] * 4 + [prompt[:50]] * 4
    assert len({tuple(each.completion_ids) for each in drawn}) > 4
    model = AutoModelForCausalLM.from_pretrained(chat_folder)
    for each in drawn:
        assert max(abs(a - b) for a, b in zip(each.logprobs, logprobs_of(model, each), strict=True)) < 1e-3
        assert each.truncated == (each.completion_ids[-1] != tokenizer.eos_token_id)
        assert tokenizer.decode(each.completion_ids, skip_special_tokens=True) == each.text


def test_an_adapter_that_is_loaded_while_the_server_runs_draws_as_in_transformers(
    server, tokenizer, chat_folder, adapter_folder, tmp_path
):
    with pytest.raises(RecipeError, match="adapter_config"):
        load_adapter(server, tmp_path, name="nothing")
    load_adapter(server, adapter_folder, name="learned")
    prompt = prompt_ids(tokenizer, planner_messages(BRIEF, RULES))[:200]
    drawn = RemoteSampler(server, "learned", read=json_reader(tokenizer)).sample(
        [prompt], group=4, max_tokens=16, seed=2
    )
    plain = AutoModelForCausalLM.from_pretrained(chat_folder)
    before = [logprobs_of(plain, each) for each in drawn]
    adapted = PeftModel.from_pretrained(plain, adapter_folder).eval()
    for each, other in zip(drawn, before, strict=True):
        assert max(abs(a - b) for a, b in zip(each.logprobs, logprobs_of(adapted, each), strict=True)) < 1e-3
        assert max(abs(a - b) for a, b in zip(each.logprobs, other, strict=True)) > 1e-2
    unload_adapter(server, "learned")
    with pytest.raises(RecipeError):
        probe(server, "learned")


def test_weights_that_cannot_be_used_never_reach_the_server(server, chat_folder, adapter_folder, tmp_path):
    torn, other, empty = tmp_path / "torn", tmp_path / "other", tmp_path / "empty"
    shutil.copytree(chat_folder, torn)
    weights = torn / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    shutil.copytree(chat_folder, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}))
    empty.mkdir()
    for bad in (torn, other, empty, adapter_folder, tmp_path / "absent"):
        with pytest.raises(RecipeError):
            reload_weights(server, bad, like=chat_folder, name=NAME)
        probe(server, NAME)


def test_log_probs_under_a_schema_are_renormalised_alike_in_server_and_trainer(guided_vllm, tokenizer, chat_folder):
    """What a training is told and what it computes anew go over the same allowed tokens, so ratios begin at 1."""
    prompt, schema = prompt_ids(tokenizer, planner_messages(BRIEF, RULES)), dict(output_schema(RULES).json_schema)
    grammar = JsonGrammar(tokenizer, schema)
    server = Server(guided_vllm.url)
    sampler = RemoteSampler(server, NAME, read=json_reader(tokenizer), schema=schema, grammar=grammar)
    drawn = sampler.sample([prompt], group=6, max_tokens=300, seed=5)
    server.close()
    model, table = AutoModelForCausalLM.from_pretrained(chat_folder), MaskTable(len(tokenizer))
    assert sum(not each.truncated for each in drawn) >= 3
    for each in drawn:
        rows = [table.row_of(allowed) for allowed in allowed_at(grammar, each.prompt_ids, each.completion_ids)]
        masked = logprobs_of(model, each, table.masks(torch.tensor(rows)))
        assert max(abs(a - b) for a, b in zip(each.logprobs, masked, strict=True)) < 1e-3
        assert [a for a, free in zip(each.logprobs, each.free, strict=True) if not free] == pytest.approx(
            [0.0] * sum(not free for free in each.free), abs=1e-4
        )
        assert any(each.free)
        assert not all(each.free)
        if not each.truncated:
            json.loads(each.text)


async def test_a_newly_trained_planner_plans_once_its_weights_are_reloaded(
    server, greedy, chat_folder, trained_folder, account
):
    asked = planner_messages(BRIEF, RULES)
    before = (await greedy.call(asked, account=account, output=output_schema(RULES))).text
    reload_weights(server, trained_folder, like=chat_folder, name=NAME)
    try:
        assert await propose(greedy, BRIEF, account=account, rules=RULES) == PLAN
        items = [item async for item in propose_stream(greedy, BRIEF, account=account, rules=RULES)]
        assert items == [PLAN.head, *PLAN.subtasks]
    finally:
        reload_weights(server, chat_folder, like=chat_folder, name=NAME)
    assert before == (await greedy.call(asked, account=account, output=output_schema(RULES))).text != spoken(PLAN)


def test_a_server_that_is_gone_pauses_the_training(tokenizer):
    gone = Server("http://127.0.0.1:9/v1")
    with pytest.raises(TrainingPaused, match="does not answer"):
        RemoteSampler(gone, NAME, read=json_reader(tokenizer)).sample([[1, 2]], group=2, max_tokens=4, seed=0)
    gone.close()


@torch.no_grad()
def logprobs_of(model, rollout, mask=None):
    """Log-probs of a rollout's tokens by transformers, over the tokens of the mask."""
    ids = torch.tensor([[*rollout.prompt_ids, *rollout.completion_ids]])
    logprobs = masked_log_softmax(model(ids).logits[0, len(rollout.prompt_ids) - 1 : -1], mask)
    return logprobs.gather(-1, torch.tensor(rollout.completion_ids)[:, None])[:, 0].tolist()

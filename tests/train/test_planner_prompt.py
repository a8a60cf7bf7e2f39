"""The planner's prompt at training time is the one at run time, byte for byte; rows that are packed stay apart."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from support.tiny_chat import BRIEF, PLAN, RULES, make_chat_model, spoken  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback  # noqa: E402

from foreplan.agents.roles import Planning  # noqa: E402
from foreplan.core.ledger import Ledger  # noqa: E402
from foreplan.core.limits import Limits  # noqa: E402
from foreplan.core.models.base import Request  # noqa: E402
from foreplan.evals.worlds.market.world import Market, offers  # noqa: E402
from foreplan.planner.exchange import Exchange  # noqa: E402
from foreplan.planner.messages import planner_messages  # noqa: E402
from foreplan.planner.plan import Plan  # noqa: E402
from foreplan.planner.schema import output_schema  # noqa: E402
from foreplan.planner.validate import PlanRules  # noqa: E402
from foreplan.train.planner.backend import as_said, local_model  # noqa: E402
from foreplan.train.planner.in_process import TrainedPlanner  # noqa: E402
from foreplan.train.planner.json_plan import json_reader  # noqa: E402
from foreplan.train.planner.model import CHAT, Start  # noqa: E402
from foreplan.train.planner.prompt import prompt_ids  # noqa: E402
from foreplan.train.recipe import (  # noqa: E402
    DataTable,
    Recipe,
    SftTable,
)
from foreplan.train.rl import prompt_maker  # noqa: E402
from foreplan.train.running import Hooks  # noqa: E402
from foreplan.train.sft import token_rows, train_sft  # noqa: E402
from foreplan.train.sources.worlds import demonstration_rows  # noqa: E402
from foreplan.train.tiny.folder import TINY, save_planner  # noqa: E402
from foreplan.train.tiny.model import tiny_model  # noqa: E402
from foreplan.train.tiny.words import tiny_tokenizer  # noqa: E402


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    make_chat_model(folder)
    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def account():
    return Ledger(Limits(tokens=None)).account("planner")


def trained_prompt(tokenizer, row):
    """What stands before the completion in what is trained on."""
    tokens = token_rows(tokenizer, [row], max_tokens=10_000).rows[0]
    return tokens["input_ids"][: tokens["completion_mask"].index(1)]


async def test_a_tiny_planner_is_asked_as_it_was_trained(tmp_path, account):
    save_planner(tmp_path, tiny_model(tiny_tokenizer(), hidden=32, layers=1), tiny_tokenizer())
    planner, heard = TrainedPlanner(tmp_path), list[Exchange]()
    rows = demonstration_rows(TINY, DataTable(problems=20, demonstrations="weak"), seed=0)
    for seed, row in enumerate(rows):
        problem = Market().problem(seed)
        workers = offers(problem)
        rules = PlanRules(workers=tuple(each.name for each in workers))
        planning = Planning(problem.brief, rules, account, workers=workers, hear=heard.append)
        await planner.propose(planning)
        at_run = prompt_ids(tiny_tokenizer(), as_said(TINY, heard[-1].sent))
        in_rl = prompt_maker(Start(None, tiny_tokenizer(), TINY))(problem)
        assert at_run == trained_prompt(tiny_tokenizer(), row) == in_rl


async def test_a_chat_planner_is_asked_as_it_was_trained(chat, account):
    model, tokenizer = chat
    asked: list[Request] = []
    planner = local_model("random", model, tokenizer, CHAT)
    await planner.call(
        planner_messages(BRIEF, RULES),
        account=account,
        output=output_schema(RULES),
        max_completion_tokens=4,
        sent=asked.append,
    )
    row = {"prompt": planner_messages(BRIEF, RULES), "completion": [{"role": "assistant", "content": spoken(PLAN)}]}
    assert asked[0].messages == row["prompt"]
    assert prompt_ids(tokenizer, as_said(CHAT, asked[0].messages)) == trained_prompt(tokenizer, row)
    # And as TRL makes it of the same messages, for preferences.
    by_trl = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
    assert by_trl == trained_prompt(tokenizer, row)


async def test_a_chat_planner_in_this_process_keeps_to_the_schema_it_is_asked_for(chat, account):
    pytest.importorskip("llguidance")
    planner = local_model("random", chat[0], chat[1], CHAT, temperature=1.0, seed=3)
    for seed in range(4):
        reply = await planner.call(
            planner_messages(BRIEF, RULES), account=account, output=output_schema(RULES), seed=seed
        )
        assert reply.finish_reason == "length" or Plan.model_validate(json.loads(reply.text))
        assert reply.text.startswith('{"mode":"')


async def test_what_a_planner_in_this_process_writes_is_reserved_and_counted(tmp_path):
    save_planner(tmp_path, tiny_model(tiny_tokenizer(), hidden=32, layers=1), tiny_tokenizer())
    problem, ledger = Market().problem(3), Ledger(Limits(tokens=10_000))
    heard = list[Exchange]()
    await TrainedPlanner(tmp_path).propose(
        Planning(problem.brief, PlanRules(), ledger.account("planner"), workers=offers(problem), hear=heard.append)
    )
    prompt = prompt_ids(tiny_tokenizer(), as_said(TINY, heard[0].sent))
    written = len(tiny_tokenizer().encode(heard[0].said, add_special_tokens=False)) + 1
    assert ledger.spent().total_tokens == len(prompt) + written


def test_spans_of_a_json_plan_are_the_tokens_of_its_fields(chat):
    _, tokenizer = chat
    ids = tokenizer.encode(spoken(PLAN), add_special_tokens=False)
    text, plan, spans = json_reader(tokenizer)([*ids, tokenizer.eos_token_id])
    assert (text, plan) == (spoken(PLAN), PLAN)
    for subtask in PLAN.subtasks:
        for name in ("id", "goal", "budget", "depends_on"):
            start, end = spans[subtask.id, name]
            assert json.dumps(getattr(subtask, name), separators=(",", ":")) in tokenizer.decode(ids[start:end])
            assert end - start < 40
        for name in ("success", "tokens_p50", "tokens_p90"):
            start, end = spans[subtask.id, name]
            assert str(getattr(subtask.forecast, name)) in tokenizer.decode(ids[start:end])
    assert str(PLAN.success) in tokenizer.decode(ids[slice(*spans["", "success"])])


def test_packed_rows_do_not_see_each_other(chat, tmp_path):
    """The loss of rows packed into one sequence is the loss of the same rows side by side."""
    _, tokenizer = chat
    texts = ["first dam", "When was it built? A year is given.", "Compare the years.", "older"]
    rows = token_rows(tokenizer, [{"prompt": "Q: ", "completion": text} for text in texts], max_tokens=100).rows
    losses = []
    for packing in (False, True):
        model = fresh_model(tokenizer)
        table = SftTable(
            steps=1, batch=1 if packing else 4, micro_batch=1 if packing else 4, packing=packing, max_tokens=200
        )
        heard = Losses()
        train_sft(model, tokenizer, rows, Recipe(sft=table), tmp_path / str(packing), Hooks(callbacks=[heard]))
        losses.append(heard.losses[0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def fresh_model(tokenizer):
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, head_dim=16, max_position_embeddings=512,
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        )
    )  # fmt: skip


class Losses(TrainerCallback):
    """Keeps the loss of each step."""

    def __init__(self):
        self.losses = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.losses += [float(logs["loss"])] if "loss" in logs else []

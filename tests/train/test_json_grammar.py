"""JSON plans drawn in process: what ends is JSON of the schema, and the trainer finds the same sets again."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("llguidance")
pytest.importorskip("transformers")

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402
from transformers import PreTrainedTokenizerFast  # noqa: E402

from foreplan.planner.schema import plan_schema  # noqa: E402
from foreplan.train.grammar.base import allowed_at  # noqa: E402
from foreplan.train.grammar.json_schema import JsonGrammar  # noqa: E402
from foreplan.train.grammar.mask import MaskTable  # noqa: E402
from foreplan.train.sample.local import LocalSampler  # noqa: E402
from foreplan.train.tiny.model import tiny_model  # noqa: E402

SCHEMA = {
    "type": "object",
    "properties": {
        "mode": {"type": "string", "enum": ["plan", "direct"]},
        "tokens": {"type": "integer", "minimum": 1, "maximum": 999},
        "needs": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2},
    },
    "required": ["mode", "tokens", "needs"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def tokenizer():
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    text = json.dumps({"mode": "plan direct", "tokens": 120, "needs": ["abc"]})
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<pad>", "<end>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    words.train_from_iterator([text] * 20, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="<end>")


def sampler(tokenizer, grammar):
    torch.set_num_threads(1)
    return LocalSampler(
        tiny_model(tokenizer, hidden=32, layers=1), read=lambda ids: (tokenizer.decode(ids), None, {}),
        end_id=tokenizer.eos_token_id, pad_id=tokenizer.pad_token_id, grammar=grammar,
    )  # fmt: skip


def test_what_ends_is_json_of_the_schema(tokenizer):
    grammar = JsonGrammar(tokenizer, SCHEMA)
    drawn = sampler(tokenizer, grammar).sample([[5, 6, 7]], group=24, max_tokens=90, seed=1)
    ended = [each for each in drawn if not each.truncated]
    assert len(ended) > 12
    table = MaskTable(len(tokenizer))
    for each in ended:
        found = json.loads(each.text.removesuffix("<end>"))
        assert found["mode"] in ("plan", "direct")
        assert 1 <= found["tokens"] <= 999
        assert len(found["needs"]) <= 2
        allowed = allowed_at(grammar, each.prompt_ids, each.completion_ids)
        assert [len(tokens) > 1 for tokens in allowed] == list(each.free)
        rows = torch.tensor([table.row_of(tokens) for tokens in allowed])
        assert table.masks(rows)[range(len(rows)), list(each.completion_ids)].all()


def test_other_tokens_are_refused_and_the_end_comes_last(tokenizer):
    walk = JsonGrammar(tokenizer, SCHEMA).walk([])
    ids = tokenizer.encode('{"mode":"plan","tokens":7,"needs":[]}')
    with pytest.raises(ValueError, match="not allowed"):
        allowed_at(JsonGrammar(tokenizer, SCHEMA), [], tokenizer.encode("[1]"))
    for token in [*ids, tokenizer.eos_token_id]:
        walk.accept(token)
    assert tuple(walk.allowed()) == (tokenizer.eos_token_id,)


def test_the_schema_of_plans_is_a_grammar(tokenizer):
    walk = JsonGrammar(tokenizer, plan_schema(4, workers=("ant",))).walk([])
    for token in tokenizer.encode('{"mode":"plan","answer":null,"synthesis":"'):
        walk.accept(token)
    assert len(walk.allowed()) > 100

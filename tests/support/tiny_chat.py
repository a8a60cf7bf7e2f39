"""A chat model of the tests' own: random weights, a byte-level tokenizer, a ChatML template with tools.

Hidden dimension 0 is a constant that no layer reads or writes, so that `lm_head[:, 0]` is a bias for each token.
Control bytes are never drawn, quotes and closing brackets often, so that texts under a schema end soon.
"""

import json
import math
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from foreplan.planner.brief import Brief
from foreplan.planner.messages import plan_text, planner_messages
from foreplan.planner.plan import Forecast, Plan, Subtask
from foreplan.planner.validate import PlanRules
from foreplan.train.planner.model import CHAT, start
from foreplan.train.recipe import ModelTable, Recipe, SftTable
from foreplan.train.running import Hooks
from foreplan.train.sft import token_rows, train_sft
from foreplan.train.tiny.folder import save_planner

HIDDEN, LAYERS, VOCABULARY = 128, 4, 1_000
END = "<|im_end|>"
SPECIAL = ("<|endoftext|>", "<|im_start|>", END, "<tool_call>", "</tool_call>", "<think>", "</think>")

COMPACT_JSON = (",", ":")
"""As the server's grammar writes it, without blanks."""

BRIEF = Brief(goal="Which of the two dams is older?", length="short", cite=False)
RULES = PlanRules(workers=("worker",), budget_tokens=20_000, writer_tokens=2_000, max_subtasks=4)
PLAN = Plan(
    mode="plan",
    answer=None,
    synthesis="Compare the years.",
    success=0.8,
    subtasks=tuple(
        Subtask(
            id=name,
            depends_on=parents,
            kind=kind,  # type: ignore[arg-type]
            goal=goal,
            done_when="A year is given.",
            on_missing="skip",
            worker="worker",
            effort="low",
            attempts=1,
            select="first",
            forecast=Forecast(success=0.75, tokens_p50=500, tokens_p90=900),
            budget=1_500,
        )
        for name, parents, kind, goal in (
            ("first", (), "research", "When was the first dam built?"),
            ("older", ("first",), "reason", "Which dam is older?"),
        )
    ),
)

TEMPLATE = (
    "{%- if tools %}<|im_start|>system\nTools:\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}"
    "<|im_end|>\n{% endif %}"
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content or '' }}"
    "{%- for call in message.tool_calls or [] %}<tool_call>\n"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n'
    "</tool_call>{% endfor %}"
    "<|im_end|>\n{% endfor %}{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_chat_model(folder: Path) -> None:
    """Write model and tokenizer into a folder."""
    tokenizer = _tokenizer()
    model = _model(tokenizer)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def spoken(plan: Plan) -> str:
    """A plan as the server's grammar lets it be written."""
    return json.dumps(plan.model_dump(mode="json"), separators=COMPACT_JSON)


def train_on_plan(source: Path, folder: Path, *, steps: int = 90) -> None:
    """The model of `source`, taught by SFT to plan `PLAN` for `BRIEF`, in another folder."""
    begun = start(ModelTable(base=str(source)), seed=0)
    row = {
        "prompt": planner_messages(BRIEF, RULES),
        "completion": [{"role": "assistant", "content": spoken(PLAN)}],
    }
    table = SftTable(steps=steps, batch=1, micro_batch=1, learning_rate=3e-3, max_tokens=2_048, checkpoint_every=10_000)
    rows = token_rows(begun.tokenizer, [row] * 4, max_tokens=table.max_tokens).rows
    model = train_sft(begun.model, begun.tokenizer, rows, Recipe(sft=table), folder / "training", Hooks())
    save_planner(folder, model, begun.tokenizer, CHAT)


def make_adapter(source: Path, folder: Path) -> None:
    """A LoRA adapter whose weights are random, so that it changes what the model says."""
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(source), LoraConfig(r=4, target_modules=["q_proj", "v_proj"])
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.5)
    model.save_pretrained(str(folder))


def _tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.BPE(unk_token=None))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(each, special=True, normalized=False) for each in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [each["content"] for each in planner_messages(BRIEF, RULES)]
    words.train_from_iterator([*texts, plan_text(PLAN)], trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words,
        eos_token=END,
        pad_token="<|endoftext|>",
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=4_096,
    )


def _model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=256,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=32,
        max_position_embeddings=4_096,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        model.model.embed_tokens.weight[:, 0] = 1.0
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight[0] = 0.0
            layer.mlp.down_proj.weight[0] = 0.0
            layer.input_layernorm.weight[0] = 0.0
            layer.post_attention_layernorm.weight[0] = 0.0
        biases = torch.tensor([_bias(tokenizer, token) for token in range(len(tokenizer))])
        # Behind the last norm the constant is about the square root of the width.
        model.lm_head.weight[:, 0] = biases / math.sqrt(HIDDEN)
    return model


def _bias(tokenizer: PreTrainedTokenizerFast, token: int) -> float:
    if token == tokenizer.eos_token_id:
        return 3.0
    text = str(tokenizer.decode([token]))
    if token < len(SPECIAL) or not text.isascii() or not text.isprintable() or not text:
        return -40.0
    return 4.0 if text in {'"', "]", "}", '",', "[]"} else 0.0

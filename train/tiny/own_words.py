"""A planner from scratch that speaks as large ones do: texts go in, a tiny model with words of its own comes out.

It reads the chat messages that any planner is sent and writes JSON under the schema. Only what never changes is left
out of its prompt, by its template: the instructions. Numbers, words and runs of JSON's marks and keys are whole tokens
where they are common, so that a plan of four subtasks takes about a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from ..planner.model import CHAT, Start
from ..planner.prompt import Said
from .model import tiny_model
from .words import END, PAD

_MOST_WORDS = 1_500
_APART = Regex(
    r'(?:[\]}",{\[]*"[a-z0-9_]+":[\[{"]*)+|p[0-9](?![0-9])|[0-9]+(?:\.[0-9]+)?| ?(?!p[0-9])[A-Za-z]+|\s|[^\sA-Za-z0-9]+'
)
_TEMPLATE = "{% for message in messages if message.role == 'user' %}{{ message.content }}\n{% endfor %}"


def own_words(rows: Iterable[Mapping[str, Said]]) -> Start:
    """A planner that has learned nothing yet but its words, from rows with `prompt` and `completion`."""
    tokenizer = _tokenizer(_text(said) for row in rows for said in row.values())
    return Start(tiny_model(tokenizer), tokenizer, CHAT)


def _tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(_APART, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer: Any = trainers.BpeTrainer(
        vocab_size=_MOST_WORDS, special_tokens=[PAD, END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    made.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made, pad_token=PAD, eos_token=END, padding_side="left", chat_template=_TEMPLATE,
        clean_up_tokenization_spaces=False, model_max_length=1_024,
    )  # fmt: skip


def _text(said: Said) -> str:
    if isinstance(said, str):
        return said
    return "\n".join(str(message.get("content") or "") for message in said if message["role"] != "system")

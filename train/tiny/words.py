r"""The tiny planner's tokenizer: text of market prompts and compact plans goes in, few and whole tokens come out.

A token is a piece that means something: a part's name, a kind, a worker, a percentage, a point of the token grid, an
effort, a word of a brief in sentences, a run of separators that always stand together. So a subtask's line takes 17
tokens, and 2 for each parent. Blanks go with the cue, grid number or word of a sentence behind them. Law: text of these
pieces comes back as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from ...evals.worlds.market.pool import LEVELS, POOL
from ...evals.worlds.market.problem import KIND_LETTERS
from ...evals.worlds.market.prose import OPENING, prose_words
from ...planner.grid import TOKEN_GRID

PAD, END, UNKNOWN = "<pad>", "<end>", "<unk>"
SPECIAL = {0, 1}
"""The ids of tokens without text: padding and end."""

NAMES = tuple(f"p{number}" for number in range(1, 10))
"""What parts may be called."""

KINDS = tuple(KIND_LETTERS.values())
CUES = (*map(str, range(1, LEVELS + 1)), "x")
EFFORTS = ("l1f", "m1f", "h1f")
WORKERS = tuple(worker.name for worker in POOL)
PERCENTS = tuple(str(percent) for percent in range(101))
GRID = tuple(f"{point:02}" for point in range(len(TOKEN_GRID)))

_PROSE = tuple(f" {word}" for word in prose_words() if word != OPENING)
_WORDS = ("all", "want", "say", "by", "plan", "direct", "unknown", "end")
_MARKS = (" | ", "||s|", "|||", "||", "|", "<", ",", "\n", " ")
_PIECE = (
    r" \| |\|\|s\||\|\|\||\|\||\||<|,|\n| (?:[0-9]+|[rtcwkx](?![a-z0-9])|[.,]|(?:"
    + "|".join(each.strip() for each in _PROSE if each.strip().isalpha())
    + r")(?![a-z0-9]))|[a-z]+[0-9]*[a-z]*|[0-9]+| "
)


def pieces() -> list[str]:
    """Every token, in the order of their ids."""
    spaced = [f" {each}" for each in ("0", *CUES, *KINDS, *GRID)]
    plain = [PAD, END, UNKNOWN, *_WORDS, *_MARKS, *NAMES, *KINDS, *WORKERS, *EFFORTS, *spaced, *PERCENTS, *GRID]
    return list(dict.fromkeys([*plain, OPENING, *_PROSE]))


@cache
def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, as a fast tokenizer of transformers, so that it is saved and loaded as any other."""
    vocabulary = {piece: number for number, piece in enumerate(pieces())}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    words.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE), "isolated")
    words.decoder = decoders.Fuse()
    words.add_special_tokens([AddedToken(each, special=True, normalized=False) for each in (PAD, END, UNKNOWN)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )


@cache
def ids_by_piece() -> dict[str, int]:
    """The id of each piece."""
    return {piece: number for number, piece in enumerate(pieces())}


def ids_of(text: str) -> list[int]:
    """The tokens of a text; pieces that it does not know become `<unk>`."""
    ids: list[int] = tiny_tokenizer().encode(text, add_special_tokens=False)
    return ids


def text_of(ids: Sequence[int]) -> str:
    """The text of tokens, without the end token and padding."""
    known = pieces_by_id()
    return "".join(known[each] for each in ids if each not in SPECIAL)


@cache
def pieces_by_id() -> tuple[str, ...]:
    """The piece of each id."""
    return tuple(pieces())

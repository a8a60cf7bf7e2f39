"""A market problem in sentences: its parts go in, a text that tells of them comes out.

    please check p3 at level 2 . that leads to p1 , which is to be worked out at level 7 . at level 5 there is p8 , but
    nobody asks for it . once p3 and p1 are known , write p7 at level 9 .

What a part waits for is said by names or by a pronoun, in several ways, and a distractor may be told of anywhere. Law:
the text tells everything that the list tells.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .problem import Spec

OPENING = "please"
VERBS = {
    "research": ("look up", "looked up"),
    "reason": ("work out", "worked out"),
    "compute": ("compute", "computed"),
    "write": ("write", "written"),
    "check": ("check", "checked"),
}

_DISTRACTORS = (
    "nobody asks for {name} at level {cue}",
    "at level {cue} there is {name} , but nobody asks for it",
)
_ROOTS = ("{do} {name} at level {cue}", "{name} is to be {done} at level {cue}")
_CHILDREN = (
    "{do} {name} at level {cue} from {parents}",
    "once {parents} {be} known , {do} {name} at level {cue}",
    "from {parents} comes {name} , which is to be {done} at level {cue}",
)
_NEXT = ("that leads to {name} , which is to be {done} at level {cue}", "with it , {do} {name} at level {cue}")
"""What may be said of a part whose one parent the sentence before is about."""

_DISTRACTED = ("{parents} {be} enough for {name} at level {cue} , but nobody asks for it",)


class _Told(NamedTuple):
    """What a sentence is about."""

    spec: Spec
    cue: str
    parents: tuple[str, ...]


def prose(specs: Sequence[Spec], cues: Sequence[str], source: random.Random) -> str:
    """The text; `cues` are the parts' levels as they are shown."""
    before: str | None = None
    sentences = []
    for each in _in_order(specs, cues, source):
        sentences.append(_sentence(each, before, source))
        before = each.spec.name
    return " . ".join([f"{OPENING} {sentences[0]}", *sentences[1:]]) + " ."


def _in_order(specs: Sequence[Spec], cues: Sequence[str], source: random.Random) -> list[_Told]:
    """What is needed in its order, with distractors anywhere between."""
    told = [
        _Told(spec, cue, tuple(specs[at].name for at in spec.parents)) for spec, cue in zip(specs, cues, strict=True)
    ]
    found = [each for each in told if each.spec.needed]
    for each in told:
        if not each.spec.needed:
            found.insert(source.randint(0, len(found)), each)
    return found


def _sentence(told: _Told, before: str | None, source: random.Random) -> str:
    forms: tuple[str, ...]
    if not told.spec.needed:
        forms = _DISTRACTED if told.parents else _DISTRACTORS
    elif told.parents == (before,):
        forms = (*_CHILDREN, *_NEXT)
    else:
        forms = _CHILDREN if told.parents else _ROOTS
    do, done = VERBS[told.spec.kind]
    return source.choice(forms).format(
        name=told.spec.name, cue=told.cue, do=do, done=done, parents=" and ".join(told.parents),
        be="are" if len(told.parents) > 1 else "is",
    )  # fmt: skip


def prose_words() -> tuple[str, ...]:
    """Every word and mark of such texts but the parts' names and levels, in an order that stays."""
    texts = [OPENING, *(" ".join(each) for each in VERBS.values())]
    texts += [*_DISTRACTORS, *_ROOTS, *_CHILDREN, *_NEXT, *_DISTRACTED, "is are and ."]
    words = (word for text in texts for word in text.split() if not word.startswith("{"))
    return tuple(dict.fromkeys(words))

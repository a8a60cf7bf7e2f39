"""The instructions of IFEval, a small function each: an output and the instruction's arguments in, followed or not out.

Written from the instructions' names, arguments and wording in the paper (Zhou et al. 2023, table 1). Every check is
linear in the output. `CHECKS` has them by instruction id; a check raises KeyError, TypeError or ValueError when its
arguments are not what they should be.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ...memory.text.sentences import sentences
from ..errors import MissingExtra

Arguments: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[str, Arguments], bool]

CHECKS: dict[str, Check] = {}

CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")

_LANGUAGE_CHARS = 5_000
_WORD = re.compile(r"\w+(?:['’-]\w+)*")  # noqa: RUF001
_TITLE = re.compile(r"<<([^\n<>]{1,500})>>")
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]{1,500}\]")
_BULLET = re.compile(r"^[ \t]{0,20}(?:[*-][ \t]+(?=\S)|\*(?=[^\s*]))", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*\*(?=\S)[^*\n]{1,2000}\*\*|\*(?=\S)[^*\n]{1,2000}\*")
_FENCE = re.compile(r"```(?:json)?", re.IGNORECASE)


def _check(name: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return add


def _compares(count: int, relation: object, than: object) -> bool:
    """Whether a count is "at least" or "less than" another."""
    if relation not in ("at least", "less than"):
        raise ValueError(f"relation {relation!r}")
    return count >= int(str(than)) if relation == "at least" else count < int(str(than))


def _times(keyword: object, text: str) -> int:
    """How often a word or phrase stands in a text, whatever its capitals."""
    return len(re.findall(rf"(?<!\w){re.escape(str(keyword).strip())}(?!\w)", text, re.IGNORECASE))


@_check("keywords:existence")
def _existence(text: str, given: Arguments) -> bool:
    return all(str(keyword).lower() in text.lower() for keyword in given["keywords"])


@_check("keywords:forbidden_words")
def _forbidden(text: str, given: Arguments) -> bool:
    return not any(_times(word, text) for word in given["forbidden_words"])


@_check("keywords:frequency")
def _frequency(text: str, given: Arguments) -> bool:
    return _compares(_times(given["keyword"], text), given.get("relation", "at least"), given["frequency"])


@_check("keywords:letter_frequency")
def _letter_frequency(text: str, given: Arguments) -> bool:
    letter = str(given["letter"]).lower()
    if len(letter) != 1:
        raise ValueError(f"letter {letter!r}")
    return _compares(text.lower().count(letter), given.get("let_relation", "at least"), given["let_frequency"])


@_check("length_constraints:number_words")
def _number_words(text: str, given: Arguments) -> bool:
    return _compares(len(_WORD.findall(text)), given.get("relation", "at least"), given["num_words"])


@_check("length_constraints:number_sentences")
def _number_sentences(text: str, given: Arguments) -> bool:
    return _compares(len(sentences(text)), given.get("relation", "at least"), given["num_sentences"])


@_check("length_constraints:number_paragraphs")
def _number_paragraphs(text: str, given: Arguments) -> bool:
    """Paragraphs are divided by a line of three stars; only the outer ones may be empty."""
    pieces = [piece.strip() for piece in text.split("***")]
    inner = pieces[1:-1]
    return all(inner) and sum(map(bool, pieces)) == int(given["num_paragraphs"])


@_check("length_constraints:nth_paragraph_first_word")
def _first_word(text: str, given: Arguments) -> bool:
    """Paragraphs are divided by blank lines."""
    pieces = [piece for piece in re.split(r"\n[ \t]{0,20}\n", text) if piece.strip()]
    number = int(given["nth_paragraph"])
    if len(pieces) != int(given["num_paragraphs"]) or not 1 <= number <= len(pieces):
        return False
    first = _WORD.search(pieces[number - 1])
    return first is not None and first[0].lower() == str(given["first_word"]).lower()


@_check("detectable_content:number_placeholders")
def _placeholders(text: str, given: Arguments) -> bool:
    return len(_PLACEHOLDER.findall(text)) >= int(given["num_placeholders"])


@_check("detectable_content:postscript")
def _postscript(text: str, given: Arguments) -> bool:
    """The mark begins a line, and something follows it; spaces within the mark do not matter."""
    mark = r"\s?".join(re.escape(part) for part in re.findall(r"\w\.?", str(given["postscript_marker"])))
    return (
        bool(mark)
        and re.search(rf"^[ \t]{{0,100}}{mark}[ \t:.]{{0,100}}[^\s:.]", text, re.IGNORECASE | re.MULTILINE) is not None
    )


@_check("detectable_format:number_bullet_lists")
def _bullets(text: str, given: Arguments) -> bool:
    return len(_BULLET.findall(text)) == int(given["num_bullets"])


@_check("detectable_format:constrained_response")
def _constrained(text: str, given: Arguments) -> bool:
    """Exactly one of the options is given."""
    return sum(option.lower() in text.lower() for option in CONSTRAINED) == 1


@_check("detectable_format:number_highlighted_sections")
def _highlighted(text: str, given: Arguments) -> bool:
    return len(_HIGHLIGHT.findall(text)) >= int(given["num_highlights"])


@_check("detectable_format:multiple_sections")
def _sections(text: str, given: Arguments) -> bool:
    """Each section begins with the divider and its number."""
    divider = re.escape(str(given["section_spliter"]).strip())
    return len(re.findall(rf"(?<!\w){divider}\s{{0,3}}\w{{1,10}}\b", text)) >= int(given["num_sections"])


@_check("detectable_format:json_format")
def _json(text: str, given: Arguments) -> bool:
    """The whole output is one JSON value, in a code fence or bare."""
    said = text.strip()
    opening = _FENCE.match(said)
    if opening and said.endswith("```"):
        said = said[opening.end() : -3]
    try:
        json.loads(said)
    except (ValueError, RecursionError):
        return False
    return True


@_check("detectable_format:title")
def _title(text: str, given: Arguments) -> bool:
    return any(title.strip() for title in _TITLE.findall(text))


@_check("combination:two_responses")
def _two(text: str, given: Arguments) -> bool:
    """Two different responses, divided by six stars."""
    pieces = [piece.strip() for piece in text.split("******")]
    return len(pieces) == 2 and all(pieces) and pieces[0] != pieces[1]


@_check("combination:repeat_prompt")
def _repeat(text: str, given: Arguments) -> bool:
    """The prompt comes first, word for word, and an answer after it."""
    prompt = " ".join(str(given["prompt_to_repeat"]).lower().split())
    said = " ".join(text.lower().split())
    return bool(prompt) and said.startswith(prompt) and len(said) > len(prompt)


@_check("startend:end_checker")
def _end(text: str, given: Arguments) -> bool:
    end = str(given["end_phrase"]).strip().lower()
    return bool(end) and text.strip().strip('"').strip().lower().endswith(end)


@_check("startend:quotation")
def _quotation(text: str, given: Arguments) -> bool:
    said = text.strip()
    return len(said) > 2 and said.startswith('"') and said.endswith('"')


@_check("change_case:capital_word_frequency")
def _capital_words(text: str, given: Arguments) -> bool:
    count = sum(word.isupper() for word in _WORD.findall(text))
    return _compares(count, given.get("capital_relation", "at least"), given["capital_frequency"])


@_check("change_case:english_capital")
def _capitals(text: str, given: Arguments) -> bool:
    return text.isupper()


@_check("change_case:english_lowercase")
def _lowercase(text: str, given: Arguments) -> bool:
    return text.islower()


@_check("punctuation:no_comma")
def _no_comma(text: str, given: Arguments) -> bool:
    return "," not in text


@_check("language:response_language")
def _language(text: str, given: Arguments) -> bool:
    wanted = str(given["language"])
    try:
        langdetect = importlib.import_module("langdetect")
    except ImportError as error:
        raise MissingExtra("langdetect", "Telling the language of an output (language:response_language)") from error
    langdetect.DetectorFactory.seed = 0  # Without it, the same text may come out differently.
    try:
        return bool(langdetect.detect(text[:_LANGUAGE_CHARS]) == wanted)
    except langdetect.LangDetectException:
        return False

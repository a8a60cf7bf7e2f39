"""string_check and text_similarity: the five-way check, and the metrics against what they are known to be."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.grading import check_grader

from foreplan.evals.errors import GraderError
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.load import grader_from

GOLD = "The observatory on Mount Kea recorded 4,205 metres of snow in the winter of 1997, more than any other station."
ITEM = {"answer": GOLD, "empty": ""}
METRICS = ("fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l")
EXTRA = {"bleu": "sacrebleu", "gleu": "nltk"} | {f"rouge_{size}": "rouge_score" for size in range(1, 6)}


def check(operation, reference="{{item.answer}}"):
    spec = {"type": "string_check", "name": operation, "input": "{{sample.output_text}}", "reference": reference}
    return grader_from({**spec, "operation": operation})


def similarity(metric, **given):
    if metric in EXTRA:
        pytest.importorskip(EXTRA[metric])
    spec = {
        "type": "text_similarity",
        "name": metric,
        "input": "{{sample.output_text}}",
        "reference": "{{item.answer}}",
    }
    return grader_from({**spec, "evaluation_metric": metric}, **given)


async def alike(metric, text, reference):
    return (await similarity(metric).grade({"answer": reference}, Sample(text))).reward


@pytest.mark.parametrize("operation", ["eq", "like", "ilike"])
async def test_string_checks_stand_every_output(operation):
    gamed = ["{{item.answer}}", GOLD[:-2], "answer reference"]
    await check_grader(check(operation), ITEM, GOLD, gamed=gamed)


async def test_string_operations():
    async def reward(operation, text, reference):
        return (await check(operation).grade({"answer": reference}, Sample(text))).reward

    assert await reward("eq", "a", "A") == 0
    assert await reward("ne", "a", "A") == 1
    assert await reward("ne", "a", "a") == 0
    assert await reward("like", "say Kea!", "Kea") == 1
    assert await reward("like", "say kea!", "Kea") == 0
    assert await reward("ilike", "STRASSE", "straße") == 1


@pytest.mark.parametrize("operation", ["like", "ilike"])
async def test_every_text_holds_an_empty_one_which_is_no_merit(operation):
    grade = await check(operation, "{{item.empty}}").grade(ITEM, Sample("anything"))
    assert grade.reward == 0
    assert "empty" in grade.errors[0]


@pytest.mark.parametrize("operation", ["eq", "ne", "like"])
async def test_a_missing_value_is_no_match(operation):
    grade = await check(operation, "{{item.nothing}}").grade(ITEM, Sample(""))
    assert grade.reward == 0
    assert "{{item.nothing}} has no value" in grade.errors[0]


@pytest.mark.parametrize("metric", METRICS)
async def test_similarities_stand_every_output(metric):
    gamed = [f"{GOLD[:20]} " * 50, "the " * 200, "the", "the of in on more than"]
    await check_grader(similarity(metric), ITEM, GOLD, gamed=gamed, worth=0.5)


@pytest.mark.parametrize("metric", [name for name in METRICS if name != "rouge_1"])
async def test_the_right_words_in_no_order_gain_little_where_order_is_read(metric):
    assert await alike(metric, " ".join(sorted(GOLD.split())), GOLD) < 0.5


@pytest.mark.parametrize("metric", METRICS)
async def test_padding_a_gold_answer_loses_and_does_not_gain(metric):
    padded = await alike(metric, GOLD + " and so on and so forth" * 100, GOLD)
    assert padded < 0.35


@pytest.mark.parametrize("metric", METRICS)
async def test_gold_in_front_of_ten_megabytes_gains_nothing_and_is_told(metric):
    long = GOLD + " filler" * 200_000
    grade = await similarity(metric).grade(ITEM, Sample(long))
    assert grade.reward < 0.02
    assert "only the first 20,000 of" in grade.errors[0]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("text", ["Yes", "42", "東京", "Это так", "!?", "x " * 30_000])
async def test_equal_texts_score_one_however_short_or_long(metric, text):
    assert await alike(metric, text, text) == 1


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=200), reference=st.text(min_size=1, max_size=200))
async def test_similarity_lies_between_0_and_1_for_any_texts(metric, text, reference):
    assert 0 <= await alike(metric, text, reference) <= 1


_ascii = st.lists(
    st.sampled_from(["the", "quick", "fox,", "dog.", "It's", "3-4", "a_b", "THE"]), min_size=6, max_size=40
)


@pytest.mark.parametrize(("metric", "name"), [("rouge_1", "rouge1"), ("rouge_3", "rouge3"), ("rouge_l", "rougeL")])
@settings(max_examples=40, deadline=None)
@given(left=_ascii, right=_ascii)
async def test_rouge_is_that_of_rouge_score(metric, name, left, right):
    scorers = pytest.importorskip("rouge_score.rouge_scorer")
    text, reference = " ".join(left), " ".join(right)
    if text == reference:
        return
    expected = scorers.RougeScorer([name]).score(reference, text)[name].fmeasure
    assert await alike(metric, text, reference) == pytest.approx(expected)


async def test_rouge_reads_words_in_any_script():
    assert await alike("rouge_1", "собака бежит быстро", "собака бежит медленно") == pytest.approx(2 / 3)


async def test_bleu_is_that_of_sacrebleu():
    bleu = pytest.importorskip("sacrebleu").sentence_bleu
    text = GOLD.replace("winter", "summer").replace("recorded", "measured")
    assert await alike("bleu", text, GOLD) == pytest.approx(bleu(text, [GOLD]).score / 100)


async def test_gleu_by_hand():
    # One word of four differs, at the end: 3 of 4, 2 of 3, 1 of 2 and 0 of 1 n-grams, six of ten.
    assert await alike("gleu", "a b c x", "a b c d") == pytest.approx(0.6)


async def test_bleu_keeps_little_of_long_answers():
    grader = similarity("bleu")
    tokenizer = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a
    for number in range(1_200):
        await grader.grade(ITEM, Sample(f"word {number}"))
    assert tokenizer.__call__.cache_info().currsize <= 1_002


def test_meteor_says_which_data_it_needs(monkeypatch):
    nltk = pytest.importorskip("nltk")
    monkeypatch.setattr(nltk.data, "path", [])
    with pytest.raises(GraderError, match="WordNet") as refusal:
        similarity("meteor")
    assert "nltk.downloader wordnet" in str(refusal.value)


METEOR = """
import asyncio, pathlib, sys
import nltk
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.load import grader_from
folder = pathlib.Path(sys.argv[1], "corpora", "wordnet")
folder.mkdir(parents=True)
kinds = ("adj", "adv", "noun", "verb")
for name in ("lexnames", "index.sense", *(f"{part}.{kind}" for part in ("index", "data") for kind in kinds)):
    (folder / name).touch()
for kind in kinds:
    (folder / f"{kind}.exc").touch()
nltk.data.path[:] = [sys.argv[1]]
spec = {"type": "text_similarity", "name": "m", "input": "{{sample.output_text}}", "reference": "{{item.r}}"}
grader = grader_from({**spec, "evaluation_metric": "meteor"})
for text in ("the cats sat", "the cat sat", "nothing of it"):
    print(asyncio.run(grader.grade({"r": "the cat sat"}, Sample(text))).reward)
"""


def test_meteor_works_where_wordnet_is_at_hand(tmp_path):
    """A WordNet without words, which leaves the stages of equal words and equal stems: all three match."""
    pytest.importorskip("nltk")
    command = [sys.executable, "-c", METEOR, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    stems, equal, other = map(float, done.stdout.split())
    # All matched in one chunk: 1 - 0.5 / 3**3 (Banerjee and Lavie 2005, section 2).
    assert stems == pytest.approx(1 - 0.5 / 27)
    assert (equal, other) == (1, 0)


def test_cosine_says_that_it_needs_an_embedder():
    with pytest.raises(GraderError, match=r"evaluation_metric.*embedder"):
        similarity("cosine")


async def embed(texts):
    """Counts of letters."""
    return [[float(text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


async def test_cosine_stands_every_output():
    await check_grader(similarity("cosine", embed=embed), ITEM, GOLD, worth=0.95)


async def test_cosine_by_hand():
    async def vectors(texts):
        return [[3.0, 4.0], [4.0, 3.0]]

    assert (await similarity("cosine", embed=vectors).grade(ITEM, Sample("a"))).reward == pytest.approx(0.96)


@pytest.mark.parametrize(
    "wrong", [[[0.0], [1.0]], [[float("nan")], [1.0]], [[1.0, 2.0], [1.0]], [[1e308] * 9, [1.0] * 9]]
)
async def test_vectors_that_cannot_be_compared_are_a_fault(wrong):
    async def vectors(texts):
        return wrong

    grade = await similarity("cosine", embed=vectors).grade(ITEM, Sample("a"))
    assert grade.reward == 0
    assert grade.errors

"""answer_match, math_answer, gold_facts, citation_support, ifeval: the five-way check, and hacks that must not pay."""

import asyncio
import hashlib
import json
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from support.grading import check_grader
from support.hostile import texts

from foreplan.evals.graders.answer_match import f1, normalised
from foreplan.evals.graders.base import Sample
from foreplan.evals.graders.fields import answer_text, final_answer
from foreplan.evals.graders.math_answer import Worker, number_of, said_answer
from foreplan.evals.graders.own import own_grader


async def reward(name, item, text, **options):
    return (await own_grader(name, **options).grade(item, Sample(text))).reward


# answer_match


PERSON = {"answer": "Greta Solberg", "answer_aliases": ["G. Solberg"]}


async def test_answer_match_stands_every_output():
    everybody = "Anna Lind, Boris Kahn, Clara Voss, Greta Solberg, Hugo Brandt, Ida Maren, Jonas Falk, Karin Holm"
    assert await reward("answer_match", PERSON, everybody) == pytest.approx(2 * 2 / (16 + 2))
    await check_grader(own_grader("answer_match"), PERSON, "Greta Solberg", gamed=[everybody], worth=0.25)
    await check_grader(own_grader("answer_match", figure="em"), PERSON, "the G. Solberg!", gamed=[everybody])


async def test_words_are_compared_as_squad_does():
    assert normalised("The  Old-Man, and a Sea.") == "oldman and sea"
    assert normalised("The A") == "the a"
    assert f1("yes", "no") == f1("yes it is", "yes") == 0.0
    assert f1("red car", "car") == pytest.approx(2 / 3)
    assert await reward("answer_match", PERSON, "I looked.\n**Answer:** G. Solberg") == 1.0
    assert await reward("answer_match", PERSON, "Answer: Greta Solberg\nAnswer: Hugo Brandt") == 0.0
    assert await reward("answer_match", {"answer": 12.0}, "12") == 1.0
    assert await reward("answer_match", {"answer": True}, "Yes.") == 1.0


async def test_answers_of_several_parts_are_for_another_grader():
    for item in ({"answer": {"a": 1}}, {"answer": ["a"]}, {"answer": ""}, {}, {"answer": "a", "answer_aliases": "b"}):
        grade = await own_grader("answer_match").grade(item, Sample("a"))
        assert grade.reward == 0.0
        assert grade.errors


@settings(max_examples=100, deadline=None)
@given(texts, texts)
def test_f1_is_symmetric_and_bounded(left, right):
    assert 0.0 <= f1(normalised(left), normalised(right)) == f1(normalised(right), normalised(left)) <= 1.0
    assert f1(normalised(left), normalised(left)) == 1.0


# math_answer


async def test_math_answer_stands_every_output():
    pytest.importorskip("math_verify")
    listed = [
        ", ".join(map(str, range(100))),
        r"\boxed{\{" + ",".join(map(str, range(100))) + r"\}}",
        r"\boxed{71, 72, 73}",
        r"\boxed{\pm 72}",
        r"$0 \le x \le 100$",
        "Answer: 72 or 73",
        "x",
        "72" + "0" * 40,
    ]
    await check_grader(own_grader("math_answer"), {"answer": "72"}, "#### 72", gamed=listed, seconds=10)


@pytest.mark.parametrize(
    ("gold", "said", "equal"),
    [
        ("72", "She has 72 left.", 1),
        ("1,234", "It costs $1,234.00", 1),
        (r"\frac{1}{2}", "0.5", 1),
        ("x^2+2x+1", "$(x+1)^2$", 1),
        ("x^2+2x+1", "1", 0),
        ("72", r"first \boxed{71}, then \boxed{72}", 1),
        ("72", r"first \boxed{72}, then \boxed{71}", 0),
        ("72", "Answer: 72\nI am 100 % sure.", 1),
        (r"\sqrt{2}", r"\boxed{\sqrt{2}}", 1),
        ("72", r"\boxed{\frac{144}{2}}", 1),
        ("72", r"\boxed{7", 0),
    ],
)
async def test_mathematics_is_compared_by_value(gold, said, equal):
    pytest.importorskip("math_verify")
    assert await reward("math_answer", {"answer": gold}, said) == equal


def test_a_comparison_without_end_is_cut_and_the_next_one_works():
    pytest.importorskip("math_verify")
    worker = Worker(time_limit_s=1.5)
    faults, equal = list[str](), list[bool]()

    def ask():
        try:
            worker.equal("$3$", "$9^{9^{9^{9}}}$")
        except ValueError as error:
            faults.append(str(error))
        equal.append(worker.equal("$\\frac{1}{2}$", "$0.5$"))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert "more than 1.5 s" in faults[0]
    assert equal == [True]


async def test_many_answers_at_once_are_graded_in_order():
    pytest.importorskip("math_verify")
    grader = own_grader("math_answer")
    grades = await asyncio.gather(*(grader.grade({"answer": r"\frac{6}{2}"}, Sample(f"{at}")) for at in range(6)))
    assert [grade.reward for grade in grades] == [0, 0, 0, 1, 0, 0]


def test_plain_numbers_and_last_answers_are_read():
    assert number_of("$1,234.50") == number_of("1234.5")
    assert number_of("1,23") is None
    assert said_answer("so\n#### 5\n") == "5"
    assert final_answer("The answer is: 4. No, the answer is 5") == "5"
    assert answer_text([1.0, True, {"a": None}]) == "1, yes, a: "


# gold_facts


HARBOURS: dict[str, Any] = {
    "question": "How many ships do the harbours have?",
    "subtasks": [
        {"id": "0", "question": "Which harbours are in the league?", "answer": ["Arlen", "Borim", "Costa"]},
        {"id": "1", "question": "How many ships does Arlen have?", "answer": 1200, "depends_on": ["0"]},
        {"id": "2", "question": "How many ships does Borim have?", "answer": "45 ships", "depends_on": ["0"]},
        {"id": "3", "question": "When was the lighthouse of Costa lit?", "answer": "3 May 1921", "depends_on": ["0"]},
        {"id": "4", "question": "Who founded the school of Costa?", "answer": "Greta Solberg", "depends_on": ["0"]},
    ],
}
STATED = """# The league
The harbours in the league are Arlen, Borim and Costa.
- Arlen has 1.2k ships, Borim has 45 ships.
- In Costa, the lighthouse was first lit on 1921-05-03. The school of Costa was founded by Greta Solberg."""


async def test_gold_facts_stand_every_output():
    numbers = " ".join(map(str, range(2_000)))
    gamed = [
        numbers,
        "Greta Solberg. 1200. 45. 3 May 1921.",
        "\n".join(f"How many ships does {name} have? {numbers}" for name in ("Arlen", "Borim")),
        "How many ships does Zamora have? 1200\nWhen was the lighthouse of Delfi lit? 3 May 1921",
        "\n".join(row["question"] for row in HARBOURS["subtasks"]),
    ]
    await check_grader(own_grader("gold_facts"), HARBOURS, STATED, gamed=gamed, worth=0.05)


async def test_facts_are_found_by_value():
    assert await reward("gold_facts", HARBOURS, STATED.replace("1.2k", "1,200")) == 1.0
    assert await reward("gold_facts", HARBOURS, STATED.replace("1921-05-03", "May 3rd, 1921")) == 1.0
    assert await reward("gold_facts", HARBOURS, STATED.replace("1.2k", "1,300")) == pytest.approx(4 / 5)
    without = STATED.replace(" and Costa.", ".").replace("# The league", "# Ships")
    assert await reward("gold_facts", HARBOURS, without) == pytest.approx(4 / 5 + 2 / 15)


async def test_values_of_siblings_cannot_be_given_to_one_subject():
    both = STATED.replace("Arlen has 1.2k ships, Borim has 45 ships.", "Arlen has 1200 or 45 ships.")
    assert await reward("gold_facts", HARBOURS, both) == pytest.approx(3 / 5)


async def test_guessing_pays_less_the_more_is_guessed():
    guesses = [await reward("gold_facts", HARBOURS, f"Arlen has {list(range(1190, 1190 + n))} ships") for n in (11, 99)]
    assert guesses[0] > guesses[1] < 0.05


async def test_other_kinds_of_facts():
    prose = {"facts": ["Arlen was founded in 1412 by Greta Solberg.", "Its lighthouse stands on a rock."]}
    assert await reward("gold_facts", prose, "\n".join(prose["facts"])) == 1.0
    assert await reward("gold_facts", prose, "Greta Solberg was the founder of Arlen, founded 1412.") == 0.5
    assert await reward("gold_facts", prose, "Greta Solberg was the founder of Arlen, founded 1413.") == pytest.approx(
        1 / 3
    )
    pairs = {"question": "How old are they?", "answer": {"Anna": 30, "Ben": 31}}
    assert await reward("gold_facts", pairs, "Anna: 30\nBen: 31", kind="answer") == 1.0
    assert await reward("gold_facts", pairs, "Anna: 31\nBen: 30", kind="answer") == 0.0
    truth = {"question": "Is the pear sweet?", "answer": True}
    assert await reward("gold_facts", truth, "Is the pear sweet? Yes.", kind="answer") == 1.0
    assert await reward("gold_facts", truth, "Is the pear sweet? Yes. No.", kind="answer") == 0.0
    assert (await own_grader("gold_facts").grade({}, Sample("x"))).errors


# citation_support


SOURCE = "The lighthouse of Arlen was lit on 3 May 1921. It is 45 metres high. Its first keeper was Greta Solberg."
DOCS = {"docs": [{"id": "a", "title": "Arlen", "text": SOURCE}]}


def report(markdown, *quotes):
    sha256 = hashlib.sha256(SOURCE.encode()).hexdigest()
    citations = [
        {"number": at, "ref": {"artifact": sha256, "start": 0, "end": len(quote)}, "quote": quote, "title": "Arlen",
         "source": "arlen.txt"}
        for at, quote in enumerate(quotes, start=1)
    ]  # fmt: skip
    return json.dumps({"markdown": markdown, "citations": citations})


LIT, HIGH, KEEPER = SOURCE.split(". ")
CITED = "# Arlen\n\nThe lighthouse of Arlen was lit on 1921-05-03 [1]. It is 45 m high. [2]\n"


async def test_citation_support_stands_every_output():
    gamed = [
        report("The lighthouse of Arlen was lit in 1921.", LIT),
        report("The lighthouse of Arlen was lit in 1931 [1].", LIT),
        report("The lighthouse of Arlen was lit in 1931 [1].", "The lighthouse of Arlen was lit in 1931."),
        report("The lighthouse of Arlen was lit in 1921 [7].", LIT),
        report("Borim has 45 ships [1].", HIGH),
        report("The lighthouse of Arlen was lit in 1931 [1].", SOURCE * 100),
        report("Here is what was found.", LIT),
        report("[1] [1] [1]", LIT),
    ]
    best = await check_grader(own_grader("citation_support"), DOCS, report(CITED, LIT, HIGH), gamed=gamed)
    assert best.sub_rewards == {"cited": 1.0, "supported": 1.0}


async def test_uncited_statements_and_repetitions_do_not_pay():
    grader = own_grader("citation_support")
    half = await grader.grade(DOCS, Sample(report(CITED + "\nBorim has 7 ships. Costa has 8 ships.", LIT, HIGH)))
    assert half.reward == 0.5
    assert half.sub_rewards == {"cited": 0.5, "supported": 1.0}
    same = await grader.grade(DOCS, Sample(report(CITED + CITED + "\nBorim has 7 ships [1].", LIT, HIGH)))
    assert same.reward == pytest.approx(2 / 3)
    told = await grader.grade(DOCS, Sample("", data=json.loads(report(CITED, LIT, HIGH))))
    assert told.reward == 1.0


async def test_large_reports_take_bounded_time():
    many = "\n".join(f"The lighthouse of Arlen was lit on 3 May 1921, said {at} [1]." for at in range(900))
    grade = await own_grader("citation_support").grade(DOCS, Sample(report(many, LIT)))
    assert grade.seconds < 5
    marks = await own_grader("citation_support").grade(DOCS, Sample(report("[1] " * 70_000, LIT)))
    assert marks.reward == 0.0
    assert marks.seconds < 5
    more = await own_grader("citation_support").grade(DOCS, Sample(report("Arlen has 3 [1].\n" * 3 + many * 2, LIT)))
    assert more.seconds < 5


# ifeval


RULES = {
    "instruction_id_list": ["punctuation:no_comma", "keywords:existence", "length_constraints:number_words"],
    "kwargs": [{}, {"keywords": ["lighthouse", "keeper"]}, {"relation": "at least", "num_words": 6}],
}


async def test_ifeval_stands_every_output():
    best = await check_grader(
        own_grader("ifeval"), RULES, "The lighthouse had one keeper only.", gamed=["lighthouse keeper"]
    )
    assert best.sub_rewards["followed"] == 1.0


TWO = "It is red.\n******\nIt is blue."
CHECKED = [
    ("keywords:existence", {"keywords": ["Red"]}, "a red fox", "a blue fox"),
    ("keywords:forbidden_words", {"forbidden_words": ["red"]}, "a reddish fox", "a Red fox"),
    ("keywords:frequency", {"relation": "at least", "keyword": "fox", "frequency": 2}, "Fox and fox", "fox foxes"),
    ("keywords:frequency", {"relation": "less than", "keyword": "fox", "frequency": 2}, "fox foxes", "Fox and fox"),
    ("keywords:letter_frequency", {"let_relation": "less than", "letter": "o", "let_frequency": 2}, "fox", "fOo"),
    ("length_constraints:number_words", {"relation": "less than", "num_words": 3}, "one two", "one two three"),
    ("length_constraints:number_sentences", {"relation": "at least", "num_sentences": 2}, "It is. It was.", "It is."),
    ("length_constraints:number_paragraphs", {"num_paragraphs": 2}, "one\n***\ntwo", "one\n***\n***\ntwo"),
    (
        "length_constraints:nth_paragraph_first_word",
        {"first_word": "two", "num_paragraphs": 2, "nth_paragraph": 2},
        "One is.\n\nTwo, too.",
        "Two is.\n\nOne, too.",
    ),
    ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[name] lives at [address]", "[name] lives"),
    ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "Hello\nP.P.S. I forgot", "Hello P.S. I forgot"),
    ("detectable_format:number_bullet_lists", {"num_bullets": 2}, "* one\n* two", "* one\n* two\n- three"),
    ("detectable_format:constrained_response", {}, "My answer is yes.", "My answer is yes. My answer is no."),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}, "*one* and **two**", "*one* and ** **"),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "Section", "num_sections": 2},
        "Section 1\na\nSection 2\nb",
        "Section 1\na",
    ),
    ("detectable_format:json_format", {}, '```json\n{"a": [1]}\n```', "{'a': 1}"),
    ("detectable_format:title", {}, "<<A day>>\nIt was", "<< >>\nIt was"),
    ("combination:two_responses", {}, TWO, TWO.replace("blue", "red")),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Write a poem."}, "Write a poem.\nRoses", "Roses"),
    ("startend:end_checker", {"end_phrase": "That is all."}, "It rained. That is all.", "That is all. It rained."),
    ("startend:quotation", {}, '"It rained."', 'He said "yes"'),
    (
        "change_case:capital_word_frequency",
        {"capital_relation": "at least", "capital_frequency": 2},
        "It was VERY BAD",
        "It was VERY bad",
    ),
    ("change_case:english_capital", {}, "IT RAINED!", "It rained!"),
    ("change_case:english_lowercase", {}, "it rained!", "It rained!"),
    ("punctuation:no_comma", {}, "one; two", "one, two"),
]


@pytest.mark.parametrize(("name", "given", "followed", "broken"), CHECKED, ids=[case[0] for case in CHECKED])
async def test_each_instruction_is_checked(name, given, followed, broken):
    item = {"instruction_id_list": [name], "kwargs": [given]}
    assert await reward("ifeval", item, followed) == 1.0
    assert await reward("ifeval", item, broken) == 0.0
    assert await reward("ifeval", item, "") == 0.0


async def test_the_language_of_an_output_is_told():
    pytest.importorskip("langdetect")
    item = {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": "de"}]}
    assert await reward("ifeval", item, "Der Leuchtturm steht seit hundert Jahren auf dem Felsen am Meer.") == 1.0
    assert await reward("ifeval", item, "The lighthouse has stood on the rock by the sea for a hundred years.") == 0.0
    assert await reward("ifeval", item, "12345") == 0.0


ENDLESS = {
    "title": "<<" + "x" * 199_000,
    "fence": "```" + " " * 199_000,
    "blank": "\n" * 199_990 + "x",
    "stars": "* " * 99_000,
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
async def test_checks_are_linear(text):
    item = {"instruction_id_list": [case[0] for case in CHECKED], "kwargs": [case[1] for case in CHECKED]}
    assert (await own_grader("ifeval").grade(item, Sample(text))).seconds < 2


async def test_unknown_instructions_and_odd_arguments_are_told():
    for names, options in ((["magic:rhyme"], [{}]), (["keywords:frequency"], [{}]), ("x", [{}]), (["a"], [])):
        grade = await own_grader("ifeval").grade({"instruction_id_list": names, "kwargs": options}, Sample("Hello"))
        assert grade.reward == 0.0
        assert grade.errors


@settings(max_examples=60, deadline=None)
@given(texts)
def test_no_output_makes_a_check_raise(text):
    item = {"instruction_id_list": [case[0] for case in CHECKED], "kwargs": [case[1] for case in CHECKED]}
    grade = asyncio.run(own_grader("ifeval").grade(item, Sample(text)))
    assert 0.0 <= grade.reward <= 1.0
    facts = asyncio.run(own_grader("gold_facts").grade(HARBOURS, Sample(text + STATED)))
    assert 0.0 <= facts.reward <= 1.0

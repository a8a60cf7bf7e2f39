"""The benchmark of graders measures those it promises, on outputs that can be graded."""

import pytest

from foreplan.bench import graders
from foreplan.bench._graded import SUBTASKS, answers, plans
from foreplan.planner.codec import decode


def test_each_promised_grader_is_measured():
    pytest.importorskip("rouge_score")
    pytest.importorskip("sacrebleu")
    numbers = graders.run(quick=True)
    per_s = numbers["per_s"]
    assert {"string_check_eq", "fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_5", "rouge_l", "plan_match"} <= set(
        per_s
    )
    assert numbers["slowest"] == min(per_s, key=per_s.__getitem__)
    assert min(per_s.values()) > 0


def test_no_output_is_graded_twice_and_plans_have_their_size():
    cases = answers(40, 1) + answers(40, 2) + plans(40, 1, compact=True)
    assert len({case.sample.text for case in cases}) == 120
    assert len(decode(cases[-1].sample.text).subtasks) == SUBTASKS

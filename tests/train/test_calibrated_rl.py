"""The benchmark of learned calibration in its short form: it learns, and says so honestly."""

import pytest

pytest.importorskip("trl")

from foreplan.bench import calibrated_rl


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_a_minute_of_training_cuts_regret_and_spend():
    found = calibrated_rl.run(quick=True)
    assert found["regret_rl"] < 0.8 * found["regret_sft"]
    assert found["spend_ratio"] < 1
    assert found["success_rl"] > found["success_sft"] - 0.05
    assert found["coverage"] > 0.9
    assert found["dep_f1"] > 0.8
    assert found["filler"] < 0.3
    assert found["regret_const"] > found["regret_const_abstaining"] > 0

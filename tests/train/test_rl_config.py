"""The choices of RL: defaults, what is refused, and what TRL gets."""

import pytest
from pydantic import ValidationError

from foreplan.train.errors import RecipeError
from foreplan.train.trainer.config import OWNED, RLConfig


@pytest.mark.parametrize("name", OWNED)
def test_what_follows_from_other_choices_cannot_be_set_behind_them(name):
    with pytest.raises(ValidationError, match=name):
        RLConfig(trl={name: 1})


def test_trl_gets_the_choices_and_its_own_options(tmp_path):
    pytest.importorskip("trl")
    from foreplan.train.trainer.arguments import blank_rows, grpo_config

    config = RLConfig(groups=4, group=6, micro_batch=6, updates=2, save_every=4, trl={"weight_decay": 0.1})
    made = grpo_config(config, tmp_path, processes=2, cpu=True)
    assert made.per_device_train_batch_size == 6
    assert made.gradient_accumulation_steps == 2
    assert made.num_generations == 6
    assert made.num_iterations == 2
    assert (made.epsilon, made.epsilon_high, made.loss_type) == (0.2, 0.28, "dapo")
    assert made.weight_decay == 0.1
    assert not made.gradient_checkpointing
    for name in OWNED:
        assert hasattr(made, name), f"TRL no longer knows {name}"
    assert blank_rows(config) == 4 * 100
    for trl in ({"no_such_option": 1}, {"learning_rate": 1, "save_total_limit": 0, "beta2": 3}):
        with pytest.raises(RecipeError, match="TRL refuses"):
            grpo_config(config.model_copy(update={"trl": trl}), tmp_path, cpu=True)


def test_a_step_must_be_shared_out_whole():
    config = RLConfig(groups=4, group=6)
    assert config.micro_batch_of(2) == 12
    with pytest.raises(RecipeError, match="3 processes"):
        config.micro_batch_of(3)
    with pytest.raises(RecipeError, match="micro_batch 5"):
        config.model_copy(update={"micro_batch": 5}).micro_batch_of(1)
    with pytest.raises(ValidationError, match="multiple of updates"):
        RLConfig(updates=4, save_every=50)
    with pytest.raises(ValidationError):
        RLConfig(learning_rate=float("nan"))

"""The export for verl: parquet in its form, a reward function that says what our own trainer pays, a command."""

import json
import os
import runpy
import subprocess

import pytest

pq = pytest.importorskip("pyarrow.parquet")

from foreplan.evals.worlds.base import HELD_OUT  # noqa: E402
from foreplan.evals.worlds.market.world import Market  # noqa: E402
from foreplan.train.errors import RecipeError  # noqa: E402
from foreplan.train.planner.prompt import json_text  # noqa: E402
from foreplan.train.recipe import load_recipe  # noqa: E402
from foreplan.train.verl.export import export  # noqa: E402
from foreplan.train.verl.score import compute_score  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    recipe = load_recipe("verl")
    data = recipe.data.model_copy(update={"problems": 12, "held_out": 4})
    folder = tmp_path_factory.mktemp("verl")
    export(recipe.model_copy(update={"data": data}), folder)
    return folder


def rows(folder, split):
    return pq.read_table(folder / f"{split}.parquet").to_pylist()


def seed_of(row):
    return json.loads(row["reward_model"]["ground_truth"])["seed"]


def test_rows_have_verls_columns_and_held_out_problems_stand_in_the_test_set_only(folder):
    assert [len(rows(folder, split)) for split in ("train", "test")] == [12, 4]
    for split in ("train", "test"):
        for row in rows(folder, split):
            assert set(row) == {"data_source", "prompt", "ability", "reward_model", "extra_info"}
            assert [message["role"] for message in row["prompt"]] == ["system", "user"]
            assert row["reward_model"]["style"] == "rule"
            assert (seed_of(row) >= HELD_OUT) == (split == "test")


def test_the_reward_function_pays_good_plans_more_and_whatever_is_no_plan_least(folder):
    score = runpy.run_path(str(folder / "reward.py"))["compute_score"]
    names = set()
    for row in rows(folder, "train"):
        problem = Market().problem(seed_of(row))
        told = (row["data_source"], row["reward_model"]["ground_truth"], row["extra_info"])
        best = score(told[0], json_text(Market().best_plan(problem)), told[1], told[2])
        for nonsense in ("", "{" * 1_000, '{"mode": "plan"}', "\ud800", "</script>"):
            none = score(told[0], nonsense, told[1], told[2])
            assert none["score"] < best["score"]
            names.add(frozenset(none))
        names.add(frozenset(best))
    assert len(names) == 1, "verl collects each name over all plans"


def test_a_row_of_somebody_elses_is_refused():
    with pytest.raises(RecipeError, match="gsm8k"):
        compute_score("gsm8k", "text", "72")


def test_the_command_is_a_script_that_names_the_files(folder):
    script = folder / "run.sh"
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    assert str(folder / "train.parquet") in script.read_text()
    told = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert "name the folder" in told.stderr


def test_the_command_says_what_verl_refuses_to_start_without(folder, tmp_path):
    """Its ActorConfig: no update of more prompts than a batch has, and a limit on what is in memory at once."""
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", folder / "run.sh", "my model", "trainer.nnodes=4"],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    module, *said = ran.stdout.splitlines()[1:]
    told = dict(each.split("=", 1) for each in said)
    assert module == "verl.trainer.main_ppo"
    assert told["actor_rollout_ref.model.path"] == "my model"
    assert told["trainer.nnodes"] == "4"
    actor = "actor_rollout_ref.actor"
    assert int(told[f"{actor}.ppo_mini_batch_size"]) <= int(told["data.train_batch_size"])
    assert told[f"{actor}.use_dynamic_bsz"] == told["actor_rollout_ref.rollout.log_prob_use_dynamic_bsz"] == "True"
    longest = int(told["data.max_prompt_length"]) + int(told["data.max_response_length"])
    assert int(told[f"{actor}.ppo_max_token_len_per_gpu"]) >= longest


def test_verls_own_data_set_reads_the_rows(folder, tmp_path):
    pytest.importorskip("torch")
    omegaconf = pytest.importorskip("omegaconf")
    verls = pytest.importorskip("verl.utils.dataset.rl_dataset")
    from support.tiny_chat import make_chat_model
    from transformers import AutoTokenizer

    make_chat_model(tmp_path)
    config = omegaconf.OmegaConf.create(
        {"prompt_key": "prompt", "max_prompt_length": 2_048, "filter_overlong_prompts": False}
    )
    found = verls.RLHFDataset(str(folder / "train.parquet"), AutoTokenizer.from_pretrained(tmp_path), config)
    assert len(found) == 12
    assert found[0]["data_source"] == "foreplan/market"

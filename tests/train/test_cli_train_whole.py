"""Whole trainings by the command: from scratch to pages, killed and gone on with, paused by a server that is gone."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from support.commands import Ran
from support.tiny_chat import make_chat_model
from support.tiny_recipe import small_recipe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


def foreplan(*arguments):
    command = [sys.executable, "-m", "foreplan", *map(str, arguments)]
    done = subprocess.run(command, env=ONE_THREAD, capture_output=True, text=True, check=False, timeout=500)
    return Ran(done.returncode, done.stdout, done.stderr)


def rl(recipe, output, *more):
    return foreplan("train", "rl", "--recipe", recipe, "-o", output, "--json", *more)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return small_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "planner"
    return rl(recipe, folder), folder


def test_one_command_makes_a_planner_its_pages_and_what_to_go_on_from(whole):
    ran, folder = whole
    assert ran.code == 0, ran.err
    assert ran.json["planner"] == str(folder)
    assert 0 <= ran.json["success"] <= 1
    assert "SFT step 12 of 12" in ran.err
    assert "RL step 4 of 4" in ran.err
    assert "left" in ran.err
    assert [each["step"] for each in lines(folder / "numbers.jsonl")] == [0, 1, 2, 3]
    assert {each["step"] for each in lines(folder / "outputs.jsonl")} == {0, 1, 2, 3}
    report = (folder / "report.html").read_text()
    for words in ("before RL", "after RL", "Reward by part", "Spend against difficulty", "Reliability of subtasks"):
        assert words in report
    assert "http" not in report.replace("http-equiv", "")
    outputs = (folder / "outputs.html").read_text()
    assert outputs.count("<details") == len(lines(folder / "outputs.jsonl"))
    assert foreplan("plan", "all | p3 r 2", "--planner", folder, "--json").code == 0


@pytest.mark.parametrize(
    ("stage", "loss", "words"),
    [
        ("sft", "dpo", ("Loss", "Token accuracy")),
        ("prefer", "dpo", ("Loss", "Preference", "Margin")),
        ("prefer", "kto", ("Loss", "Margin")),
    ],
)
def test_a_training_by_rows_leaves_a_planner_and_the_page_of_its_curves(stage, loss, words, tmp_path):
    recipe = small_recipe(tmp_path)
    recipe.write_text(recipe.read_text().replace("[prefer]", f'[prefer]\nloss = "{loss}"'))
    ran = foreplan("train", stage, "--recipe", recipe, "-o", tmp_path)
    assert ran.code == 0, ran.err
    assert str(tmp_path / "report.html") in ran.err
    report = (tmp_path / "report.html").read_text()
    for word in words:
        assert f">{word}<" in report
    assert "Reward" not in report
    steps = [each["step"] for each in lines(tmp_path / "numbers.jsonl")]
    assert steps == sorted(set(steps))
    assert foreplan("plan", "all | p3 r 2", "--planner", tmp_path, "--json").code == 0


def test_a_training_that_is_killed_goes_on_exactly(whole, recipe, tmp_path):
    _, folder = whole
    killed = tmp_path / "planner"
    command = [sys.executable, "-m", "foreplan", "train", "rl", "--recipe", recipe, "-o", killed]
    with subprocess.Popen(command, env=ONE_THREAD, stderr=subprocess.DEVNULL) as process:
        wait_for(killed / "checkpoints" / "checkpoint-2" / "trainer_state.json", process)
        process.send_signal(signal.SIGKILL)
    assert not (killed / "config.json").exists()
    ran = foreplan("train", "rl", "--resume", "-o", killed)
    assert ran.code == 0, ran.err
    assert "SFT" not in ran.err
    for name in ("numbers.jsonl", "outputs.jsonl", "model.safetensors"):
        assert (killed / name).read_bytes() == (folder / name).read_bytes(), name


def test_a_server_that_is_gone_pauses_training_with_a_checkpoint_to_go_on_from(recipe, tmp_path):
    chat = tmp_path / "chat"
    make_chat_model(chat)
    text = recipe.read_text().replace('base = "tiny"\n', f'base = "{chat}"\n').replace('"weak"', '"best"')
    paused = tmp_path / "paused.toml"
    paused.write_text(text.replace("held_out = 20", "held_out = 1") + '[server]\nbase_url = "http://127.0.0.1:9/v1"\n')
    ran = rl(paused, tmp_path / "out")
    ran.explains("127.0.0.1:9", "does not answer", "--resume", code=3)
    assert (tmp_path / "out" / "checkpoints" / "checkpoint-0" / "trainer_state.json").is_file()
    assert rl(paused, tmp_path / "out", "--resume").code == 3


def test_rewards_are_compared_on_one_page(recipe, tmp_path):
    ran = foreplan(
        "train", "compare-rewards", "--recipe", recipe, "--reward", "ours", "--reward", "gated-cost", "-o", tmp_path,
        "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert [each["reward"] for each in ran.json] == ["imitation", "ours", "gated-cost"]
    page = (tmp_path / "rewards.html").read_text()
    assert "gated-cost" in page
    assert "Regret" in page


def test_traces_teach_a_chat_model(tmp_path):
    """A home whose one run was rated well and forecast honestly gives a row; one that was not gives none."""
    chat = tmp_path / "chat"
    make_chat_model(chat)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[sft]\nsteps = 1\nbatch = 1\nmicro_batch = 1\nmax_tokens = 4096\n")
    ran = foreplan("train", "sft", "--recipe", recipe, "--model", chat, "--traces", tmp_path, "-o", tmp_path / "out")
    ran.explains("no rows", code=2)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.005)  # another process writes it

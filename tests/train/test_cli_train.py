"""`foreplan train` from the command line: recipes, rows, dry runs, what is refused; and the planner that comes out."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from support.tiny_chat import make_chat_model
from support.tiny_recipe import small_recipe
from typer.testing import CliRunner

from foreplan.cli.app import app
from foreplan.cli.plan_file import load_plan_file
from foreplan.train.journal import Journal
from foreplan.train.page.outputs import outputs_page
from foreplan.train.recipe import load_recipe, recipe_names
from foreplan.train.tiny.folder import save_planner
from foreplan.train.tiny.model import tiny_model
from foreplan.train.tiny.words import tiny_tokenizer

pytestmark = pytest.mark.timeout(300)

HOSTILE = "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e"
MARKET_BRIEF = "all | p3 r 2 | p1<p3 t 7"


def foreplan(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def refused(ran, *words, code=2):
    assert ran.exit_code == code, ran.output
    assert "Traceback" not in ran.output
    assert [word for word in words if word not in ran.output] == [], ran.output


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    make_chat_model(folder)
    return folder


@pytest.fixture
def planner(tmp_path):
    """One that knows nothing, and happens not to answer at once."""
    save_planner(tmp_path / "planner", tiny_model(tiny_tokenizer(), seed=3, hidden=32, layers=2), tiny_tokenizer())
    return tmp_path / "planner"


@pytest.mark.parametrize("name", recipe_names())
@pytest.mark.parametrize("stage", ["sft", "prefer", "rl"])
def test_each_recipe_is_read_and_says_what_it_would_take(name, stage, chat, tmp_path):
    assert load_recipe(name).about
    model = [] if load_recipe(name).model.base else ["--model", chat]
    ran = foreplan("train", stage, "--recipe", name, *model, "-o", tmp_path / "out", "--dry-run", "--json")
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert min(said["parameters"], said["memory_bytes"], said["tokens"], said["seconds"], said["rows"]) > 0
    assert said["trained"] <= said["parameters"]
    assert said["memory_bytes"] < 60 * 2**30, "of a chat model of a few layers"
    assert not (tmp_path / "out").exists()


def test_more_work_is_estimated_to_take_more(tmp_path):
    recipe = small_recipe(tmp_path)
    small = json.loads(foreplan("train", "rl", "--recipe", recipe, "-o", tmp_path, "--dry-run", "--json").stdout)
    large = json.loads(foreplan("train", "rl", "-o", tmp_path, "--dry-run", "--json").stdout)
    for what in ("parameters", "memory_bytes", "tokens", "seconds", "rows"):
        assert large[what] > small[what]


def test_what_cannot_be_used_is_refused_before_anything_is_loaded(tmp_path, chat):
    out = tmp_path / "out"
    refused(foreplan("train", "rl", "--recipe", "none-such", "-o", out), "none-such", "tiny-cpu")
    bad = tmp_path / "bad.toml"
    bad.write_text("[rl]\nsteps = 0\nstepz = 1\n[modell]\n")
    refused(foreplan("train", "rl", "--recipe", bad, "-o", out), "rl.steps", "rl.stepz", "modell")
    bad.write_text("[[[")
    refused(foreplan("train", "rl", "--recipe", bad, "-o", out), "TOML")
    refused(foreplan("train", "sft", "--recipe", "1xgpu-lora", "-o", out), "--model")
    refused(foreplan("train", "sft", "--model", "someone/some-model", "-o", out), "--download")
    refused(foreplan("train", "sft", "--traces", tmp_path, "--world", "market", "-o", out), "--world")
    refused(foreplan("train", "rl", "--world", "parts", "--recipe", small_recipe(tmp_path), "-o", out), "market")


def test_a_comparison_says_what_it_would_take(tmp_path):
    """Imitation once for each seed, practice under each reward; nothing is written."""
    recipe = small_recipe(tmp_path)

    def rows(*words):
        ran = foreplan("train", *words, "--recipe", recipe, "-o", tmp_path / "out", "--dry-run", "--json")
        return json.loads(ran.stdout)["rows"]

    sft, practice = rows("sft"), rows("rl") - rows("sft")
    assert rows("compare-rewards", "--seeds", "3", "--reward", "ours", "--reward", "alp") == 3 * (sft + 2 * practice)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("rl", "--world", "none-such"), "none-such"),
        (("rl", "--world", "fanout"), "market"),
        (("sft", "--world", "fanout"), "demonstrations"),
        (("sft", "--rows", "absent.jsonl"), "absent.jsonl"),
        (("prefer", "--traces", "absent"), "absent"),
    ],
)
def test_a_dry_run_refuses_what_the_training_would(asked, said, tmp_path):
    refused(foreplan("train", *asked, "-o", tmp_path / "out", "--dry-run"), said)
    refused(foreplan("train", *asked, "-o", tmp_path / "out"), said)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("library", ["tensorboard", "wandb"])
def test_a_library_to_report_to_that_is_missing_is_named_at_once(library, tmp_path, monkeypatch):
    recipe = small_recipe(tmp_path)
    recipe.write_text(f'report_to = ["{library}"]\n{recipe.read_text()}')
    monkeypatch.setattr("foreplan.train.running.find_spec", lambda _: None)
    refused(foreplan("train", "rl", "--recipe", recipe, "-o", tmp_path / "out"), library, "pip install")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stage", ["sft", "prefer", "rl"])
def test_numbers_go_to_the_trackers_that_a_recipe_names(stage, tmp_path, monkeypatch):
    """Through TRL, which makes a tracker of transformers for each name."""
    from transformers import TrainerCallback, integrations

    logged = []

    class Tracker(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **_):
            logged.append(logs)

    monkeypatch.setitem(integrations.integration_utils.INTEGRATION_TO_CALLBACK, "tensorboard", Tracker)
    monkeypatch.setattr("foreplan.train.running.find_spec", lambda _: True)
    recipe = small_recipe(tmp_path)
    text = re.sub(r"steps = \d+", "steps = 2", recipe.read_text()).replace("held_out = 20", "held_out = 2")
    recipe.write_text(f'report_to = ["tensorboard"]\n{text}')
    ran = foreplan("train", stage, "--recipe", recipe, "-o", tmp_path / "out")
    assert ran.exit_code == 0, ran.output
    assert any("loss" in each for each in logged)
    assert any("reward/total" in each for each in logged) == (stage == "rl")


def test_only_what_was_begun_is_gone_on_with(tmp_path):
    out, rows, recipe = tmp_path / "out", tmp_path / "rows.jsonl", small_recipe(tmp_path)
    refused(foreplan("train", "sft", "--resume", "-o", out), "no training to go on with")
    assert not out.exists()
    rows.write_text(json.dumps({"prompt": "Who built it?", "completion": "Ida"}) + "\n")
    begun = ("--recipe", recipe, "--rows", rows)
    refused(foreplan("train", "sft", *begun, "-o", out), "Who built it?")
    refused(foreplan("train", "rl", "--resume", "-o", out), "sft", "train sft --resume")
    refused(foreplan("train", "sft", "--resume", "--rows", tmp_path / "others.jsonl", "-o", out), "another --rows")
    refused(foreplan("train", "sft", "--resume", "--model", "someone/other", "-o", out), "another --model")
    refused(foreplan("train", "sft", "--resume", *begun, "-o", out), "Who built it?")
    recipe.write_text(recipe.read_text().replace("steps = 12", "steps = 13"))
    refused(foreplan("train", "sft", "--resume", "--recipe", recipe, "-o", out), "another --recipe")


@pytest.mark.parametrize("by", ["flag", "recipe"])
def test_a_model_named_from_here_is_kept_by_its_whole_path_so_that_the_training_can_go_on_elsewhere(
    by, tmp_path, planner, monkeypatch
):
    out, rows = tmp_path / "out", tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"prompt": "Who built it?", "completion": "Ida"}) + "\n")
    monkeypatch.chdir(planner.parent)
    recipe, name = small_recipe(tmp_path), f"./{planner.name}"
    begun = ["--recipe", recipe, "--rows", rows]
    if by == "flag":
        begun += ["--model", name]
    else:
        recipe.write_text(recipe.read_text().replace('base = "tiny"', f'base = "{name}"'))
    refused(foreplan("train", "sft", *begun, "-o", out), "Who built it?")
    assert json.loads((out / "training.json").read_text())["recipe"]["model"]["base"] == str(planner)


def test_a_folder_with_a_training_is_not_written_over(tmp_path, planner):
    before = (planner / "model.safetensors").read_bytes()
    refused(foreplan("train", "rl", "-o", planner, "--recipe", small_recipe(tmp_path)), "--resume")
    assert (planner / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"prompt": 3, "completion": "x"}', "prompt"),
        ('{"prompt": "x"}', "completion"),
        ("[" * 100_000, "row"),
        ('{"prompt": "\\ud800", "completion": "x"}', "line 2"),
        ('{"prompt": "x", "completion": NaN}', "completion"),
        ("\x00\xff", "line 2"),
        ('{"prompt": [{"role": "root", "content": "x"}], "completion": "y"}', "prompt"),
    ],
)
def test_a_hostile_row_is_named_by_its_line(line, said, tmp_path):
    rows = tmp_path / "rows.jsonl"
    good = json.dumps({"prompt": f"{MARKET_BRIEF}\nby bee\n", "completion": "plan|||80\nend"})
    rows.write_text(f"{good}\n{line}\n", encoding="utf-8")
    ran = foreplan("train", "sft", "--recipe", small_recipe(tmp_path), "--rows", rows, "-o", tmp_path / "out")
    refused(ran, "line 2", said)


def test_rows_with_words_that_the_model_does_not_know_are_refused(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"prompt": "Who built it?", "completion": "Ida"}) + "\n")
    ran = foreplan("train", "sft", "--recipe", small_recipe(tmp_path), "--rows", rows, "-o", tmp_path / "out")
    refused(ran, "Who built it?", "tiny planner")


def test_a_missing_library_is_named_with_its_extra(tmp_path, planner, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trl", None)
    refused(foreplan("train", "sft", "-o", tmp_path / "out"), "trl", "foreplan[train]")
    refused(foreplan("plan", MARKET_BRIEF, "--planner", planner), "trl", "foreplan[train]")


def test_a_trained_planner_plans_what_it_can_read_and_refuses_the_rest(tmp_path, planner):
    ran = foreplan("plan", MARKET_BRIEF, "--planner", planner, "-o", tmp_path / "plan.json")
    assert ran.exit_code == 0, ran.output
    assert load_plan_file(tmp_path / "plan.json")[0].mode in {"plan", "direct"}
    refused(foreplan("plan", "Who built the dam?", "--planner", planner), "market")
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "a.txt").write_text("Part p3 was done in 1911.")
    home = ["--home", tmp_path / "home"]
    ran = foreplan("run", MARKET_BRIEF, "--planner", planner, "--sources", documents, "--json", *home)
    assert ran.exit_code in {0, 5}, ran.output
    refused(foreplan("run", MARKET_BRIEF, "--planner", planner, "--background", *home), "--planner")
    refused(foreplan("plan", MARKET_BRIEF, "--planner", torn(planner)), "planner")


def torn(planner):
    weights = planner / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000])
    return planner


@pytest.mark.parametrize("loss", ["dpo", "kto"])
def test_preferences_are_learned_from_rows_of_trls_forms(loss, tmp_path):
    prompt = f"{MARKET_BRIEF}\nby bee ant cat\n"
    good = "plan|||80\np3|r|p3 2||s|ant|l1f|90 13 21|23\np1<p3|t|p1 7||s|bee|m1f|75 13 21|30\nend"
    bad = "direct|unknown||0\nend"
    pairs = [{"prompt": prompt, "chosen": good, "rejected": bad}] * 4
    judged = [{"prompt": prompt, "completion": text, "label": text == good} for text in (good, bad)] * 4
    rows, recipe = tmp_path / "rows.jsonl", small_recipe(tmp_path)
    rows.write_text("".join(json.dumps(row) + "\n" for row in (pairs if loss == "dpo" else judged)))
    recipe.write_text(recipe.read_text().replace("[prefer]", f'[prefer]\nloss = "{loss}"'))
    ran = foreplan("train", "prefer", "--recipe", recipe, "--rows", rows, "-o", tmp_path / "out", "--json")
    assert ran.exit_code == 0, ran.output
    assert foreplan("plan", MARKET_BRIEF, "--planner", tmp_path / "out").exit_code == 0


def test_a_journal_that_is_cut_has_no_step_twice_and_no_torn_line(tmp_path):
    journal = Journal(tmp_path)
    for step in range(4):
        journal.note(step, {"reward": step / 2, "broken": float("nan")})
        journal.keep([{"step": step, "text": HOSTILE}])
    with (tmp_path / "numbers.jsonl").open("a") as file:
        file.write('{"step": 4, "rew')
    journal.cut(2)
    journal.note(2, {"reward": 9})
    assert list(journal.numbers()) == [
        {"step": 0, "reward": 0.0}, {"step": 1, "reward": 0.5}, {"step": 2, "reward": 9},
    ]  # fmt: skip
    assert [each["step"] for each in journal.outputs()] == [0, 1]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_the_page_of_outputs_runs_our_script_and_no_other():
    rows = [{"step": 1, "goal": HOSTILE, "text": HOSTILE, "reward": 1.0, "terms": {HOSTILE: 0.5}, "plan": False}]
    text = outputs_page(HOSTILE, rows, total=1)
    found = Tags()
    found.feed(text)
    assert found.tags.count("script") == 1
    assert "img" not in found.tags
    assert not [name for name in found.attributes if name.startswith("on")]
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#x27;sha256-{digest}&#x27;" in text
    assert "\u202e" not in text

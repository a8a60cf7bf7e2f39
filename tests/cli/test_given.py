import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foreplan.cli.given import brief_from, home_from, read_goal, settings_from
from foreplan.core.errors import InputError, SettingsError
from foreplan.core.settings import Settings
from foreplan.core.settings.roles import role_specs


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "FOREPLAN_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


FILE = """
model = "file"
base_url = "http://file/v1"
[planner]
model = "file-planner"
price_prompt = 5.0
[worker]
base_url = "http://worker/v1"
api_key = "sk-worker"
[workers.fast]
model = "file-fast"
"""


def test_flags_for_one_role_change_that_role_only():
    Path("foreplan.toml").write_text(FILE)
    specs = role_specs(settings_from({"planner": "flag-planner"}))
    assert specs.roles["planner"].model == "flag-planner"
    assert specs.roles["planner"].price is None
    assert specs.roles["worker"].model == "file"
    assert specs.pool["fast"].model == "file-fast"


def test_the_model_flag_counts_for_every_role():
    Path("foreplan.toml").write_text(FILE)
    specs = role_specs(settings_from({"model": "flag", "writer": "flag-writer"}))
    assert {role: spec.model for role, spec in specs.roles.items()} == {
        "planner": "flag",
        "worker": "flag",
        "writer": "flag-writer",
        "compressor": "flag",
        "judge": "flag",
    }
    assert not specs.pool


def test_the_url_flag_counts_for_every_role_and_takes_no_role_key_along():
    Path("foreplan.toml").write_text(FILE)
    specs = role_specs(settings_from({"base_url": "http://flag/v1"}))
    assert {spec.base_url for spec in specs.roles.values()} == {"http://flag/v1"}
    assert "sk-worker" not in {spec.key for spec in specs.roles.values()}


@pytest.mark.parametrize(
    ("flag", "value"), [("budget", 0), ("dollars", -1.0), ("seconds", float("nan")), ("concurrency", 0)]
)
def test_limits_that_make_no_sense_are_refused(flag, value):
    with pytest.raises(SettingsError, match=f"--{flag}"):
        settings_from({flag: value})


def test_the_home_flag_wins_over_the_variable_and_that_over_the_file(monkeypatch, tmp_path):
    settings = Settings.model_validate({"storage": {"home": tmp_path / "file"}})
    assert home_from({}, settings) == tmp_path / "file"
    monkeypatch.setenv("FOREPLAN_HOME", str(tmp_path / "variable"))
    assert home_from({}, settings) == tmp_path / "variable"
    assert home_from({"home": tmp_path / "flag"}, settings) == tmp_path / "flag"


def test_a_question_comes_from_the_argument_a_file_or_standard_input(monkeypatch):
    Path("question.txt").write_text("What is in the file?\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"What is on stdin?\n")))
    assert read_goal("  What is it? ") == "What is it?"
    assert read_goal("question.txt") == "What is in the file?"
    assert read_goal("-") == "What is on stdin?"


@pytest.mark.parametrize("goal", [None, "", "   \n", "x" * 20_001, "x" * 1_000_000])
def test_a_question_that_is_none_or_too_long_is_refused(goal):
    with pytest.raises(InputError) as caught:
        read_goal(goal)
    assert caught.value.hint
    assert len(str(caught.value)) < 400


def test_a_question_file_that_is_no_text_is_refused():
    Path("question.bin").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="not UTF-8"):
        read_goal("question.bin")
    Path("long.txt").write_bytes(b"x" * 1_000_000)
    with pytest.raises(InputError, match="more than"):
        read_goal("long.txt")


@pytest.mark.skipif(os.name != "posix", reason="arguments are bytes on POSIX only")
def test_bytes_that_are_no_text_do_not_break_a_question():
    code = "import sys; from foreplan.cli.given import read_goal; print(ascii(read_goal(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, b"caf\xe9?"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == r"'caf\ufffd?'"


def test_a_length_that_does_not_exist_names_the_flag():
    with pytest.raises(InputError, match="--length"):
        brief_from({"goal": "hi", "length": "huge"}, [])


def test_a_brief_names_its_sources_as_they_were_given():
    brief = brief_from({"goal": "hi", "language": "de"}, [Path("papers"), Path("notes")])
    assert brief.sources == ("papers", "notes")
    assert (brief.language, brief.length) == ("de", "medium")

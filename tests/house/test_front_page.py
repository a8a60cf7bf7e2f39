"""What README and the documents show works: its commands, its Python, the examples it links to."""

import asyncio
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from foreplan.core.events import parse_event
from foreplan.core.testing.research_roles import report
from foreplan.testing import Answer, ChatRequest, ModelServer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("foreplan ")
]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "FOREPLAN_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOREPLAN_HOME", str(tmp_path / "home"))


def load(name: str):
    path = ROOT / "examples" / name
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_two_commands_are_what_make_does():
    for target, command in {"demo": "foreplan run", "test": "pytest"}.items():
        assert f"make {target}" in README
        told = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
        assert command in told.stdout


def test_the_demo_prints_a_cited_report_without_key_or_network(tmp_path):
    told = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    line = next(line for line in told.replace("\\\n", " ").splitlines() if "foreplan run" in line)
    command = [sys.executable, "-m", *shlex.split(line[line.index("foreplan run") :])]
    command[command.index("--home") + 1] = str(tmp_path / "demo")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Maud Ferrier" in done.stdout
    assert "Aldwick College" in done.stdout
    assert "[1]" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shown_is_accepted(command, tmp_path, monkeypatch):
    """Every flag exists and fits its command; nothing is run, as the endpoints shown are not there."""
    from foreplan.cli import app as front

    performed = []
    commands = SimpleNamespace(main=lambda **flags: performed.append(flags))
    monkeypatch.setattr("foreplan.cli.exits.import_module", lambda name: commands)
    with pytest.raises(SystemExit) as leaving:
        front.app(shlex.split(command, comments=True)[1:])
    assert not leaving.value.code
    assert len(performed) == 1


@pytest.mark.parametrize("code", PYTHON)
def test_each_python_example_runs(code, tmp_path):
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Maud Ferrier" in done.stdout


def test_the_web_app_streams_typed_events_and_then_the_report():
    with TestClient(load("fastapi_app.py").app) as client:
        goal = "Who designed the lighthouse on Grennan Head?"
        with client.stream("POST", "/research", json={"goal": goal}) as answer:
            *events, last = [json.loads(line) for line in answer.iter_lines()]
    kinds = [parse_event(event).type for event in events]
    assert kinds[0] == "run_started"
    assert kinds[-1] == "run_ended"
    assert "subtask_ended" in kinds
    assert "Maud Ferrier" in last["report"]["markdown"]


def test_the_web_app_refuses_what_is_no_brief():
    with TestClient(load("fastapi_app.py").app) as client:
        assert client.post("/research", json={"goal": ""}).status_code == 422


def test_a_graph_of_ones_own_takes_foreplan_as_a_part():
    answer = asyncio.run(load("subgraph.py").main("Which medal did   Maud Ferrier win?"))
    assert "Hallam medal" in answer


def test_a_tool_of_ones_own_is_used_and_cited(monkeypatch):
    module = load("own_tools.py")
    with ModelServer(harbour_script) as server:
        monkeypatch.setenv("FOREPLAN_BASE_URL", server.url)
        monkeypatch.setenv("FOREPLAN_MODEL", "m")
        written = asyncio.run(module.main("How many boats are out at Port Sallow today?"))
    assert "17 boats went out" in written
    assert "[1]" in written


def harbour_script(request: ChatRequest) -> Answer:
    """A model that plans one subtask, calls the tool, hands in what it said, and writes it down."""
    if "harbour_log" in request.tool_names:
        told = re.search(r"<data\s+(?:\w+=)?[\"']?([^\s\"'>]+)[^>]*>[^<]*17 boats", request.text)
        if told is None:
            return Answer(tool_calls=[("harbour_log", {"harbour": "Port Sallow"})])
        quote = "17 boats went out before noon"
        claim = {"text": f"{quote}.", "source": told[1], "quote": quote, "kind": "quote", "value": None, "unit": None}
        return Answer(tool_calls=[("submit_digest", {"claims": [{**claim, "confidence": 0.9}], "open_questions": []})])
    if "subtasks" in json.dumps(request.json_schema or {}):
        return Answer(json=HARBOUR_PLAN)
    return Answer(text=report(request))


HARBOUR_PLAN: dict[str, Any] = {
    "mode": "plan",
    "answer": None,
    "synthesis": "Say the number.",
    "success": 0.9,
    "subtasks": [
        {
            "id": "ask-harbour",
            "depends_on": [],
            "kind": "research",
            "goal": "How many boats went out from Port Sallow today?",
            "done_when": "The number is known.",
            "on_missing": "skip",
            "worker": None,
            "effort": "low",
            "attempts": 1,
            "select": "first",
            "forecast": {"success": 0.9, "tokens_p50": 2_000, "tokens_p90": 4_000},
            "budget": 20_000,
        }
    ],
}


def test_studio_finds_its_graph():
    config = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
    path, _, name = config["graphs"]["foreplan"].partition(":")
    graph = getattr(load(Path(path).name), name)()
    result = asyncio.run(graph.ainvoke({"brief": "Who designed the lighthouse on Grennan Head?"}))
    assert "Maud Ferrier" in result["report"]["markdown"]
    assert set(graph.get_input_jsonschema()["properties"]) >= {"brief"}

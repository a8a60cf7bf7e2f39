"""SIGKILL at random moments: mid-plan, mid-call, mid-write. Real processes, real SQLite and PostgreSQL."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.kill_script import SUBTASKS, part_of, weight

from foreplan.core.events import SubtaskEnded, SubtaskStarted
from foreplan.core.testing.process import ProcessServer
from foreplan.memory.trace.reader import read_events

SUPPORT = Path(__file__).parents[1] / "support"
KILLS_PER_SEED = 8
"""Five seeds make forty kills. A job that ends before it can be killed is played again."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _leg(home: Path, url: str, saver: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SUPPORT / "victim.py"), str(home), url, "job", saver]
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT.parent)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def _play(home: Path, saver: str, server: ProcessServer, draw: random.Random, kills: int) -> int:
    """Run the job to its end, killing its process up to `kills` times; how often it was killed."""
    done = 0
    while True:
        leg = _leg(home, server.url, saver)
        try:
            _, complaint = leg.communicate(timeout=draw.uniform(1.5, 4.0) if done < kills else 120)
        except subprocess.TimeoutExpired:
            assert done < kills, "the run did not end although nobody killed it"
            leg.send_signal(signal.SIGKILL)
            leg.communicate()
            done += 1
            continue
        assert leg.returncode == 0, complaint[-3_000:]
        return done


def _check(result: dict[str, Any], server: ProcessServer) -> None:
    assert result["state"] == "done"
    digests = result["digests"]
    assert len(digests) == SUBTASKS
    for digest in digests:
        part = part_of(digest["subtask"])
        assert [claim["text"] for claim in digest["claims"]] == [f"Part {part} weighs {weight(part)} kg."]
    assert result["spend"]["tokens"] >= server.tokens_billed


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_run_repeats_nothing_swaps_nothing_and_forgets_no_spend(tmp_path, seed):
    draw = random.Random(seed)
    script = f"{SUPPORT / 'kill_script.py'}:kill_script"
    kills = 0
    while kills < KILLS_PER_SEED:
        home = tmp_path / str(kills)
        with ProcessServer(script, {"worker_s": 0.4, "planner_tokens_per_s": 700}) as server:
            kills += _play(home, "sqlite", server, draw, kills=4)
            server.wait_idle()
            folder = home / "runs" / "job"
            _check(json.loads((folder / "result.json").read_text()), server)
            ended: set[str] = set()
            for event in read_events(folder / "trace.jsonl"):
                if isinstance(event, SubtaskStarted) and not event.cached:
                    assert event.subtask not in ended
                elif isinstance(event, SubtaskEnded):
                    ended.add(event.subtask)


@pytest.mark.postgres
def test_the_same_holds_on_postgres(tmp_path, postgres_url):
    draw = random.Random(99)
    script = f"{SUPPORT / 'kill_script.py'}:kill_script"
    with ProcessServer(script, {"worker_s": 0.4, "planner_tokens_per_s": 700}) as server:
        assert _play(tmp_path, postgres_url, server, draw, kills=5) >= 1
        server.wait_idle()
        _check(json.loads((tmp_path / "result.json").read_text()), server)

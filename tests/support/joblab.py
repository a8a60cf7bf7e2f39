"""A place for tests of jobs: a home with settings, a model server, real workers that can be killed, and the commands.

`with JobLab(home, server.url) as lab`: whatever workers are left are killed at the end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from foreplan.core.events import Event, PlanItem, RunEnded, SubtaskEnded, SubtaskStarted
from foreplan.memory.trace.reader import read_events
from support.kill_script import PARTS, pages, part_of, weight

SCRIPT = f"{Path(__file__).parent / 'kill_script.py'}:kill_script"
QUESTION = "What do the parts weigh?"


class JobLab:
    """One installation: `home`, its settings (`toml` is added to them), its workers."""

    def __init__(self, home: Path, url: str, *, database: str = "", toml: str = "", concurrency: int = 2) -> None:
        self.home, self.database = home, database
        self.workers: list[subprocess.Popen[bytes]] = []
        home.mkdir(parents=True, exist_ok=True)
        self.sources = home / "sources"
        if not self.sources.is_dir():
            self.sources.mkdir()
            for name, text in pages().items():
                (self.sources / name).write_text(text)
        roles = "".join(f'[{role}]\nmodel = "{role}"\n' for role in ("planner", "worker", "writer"))
        jobs = f'[jobs]\ndatabase = "{database}"\n' if database else "[jobs]\n"
        self.config, self.log = home / "foreplan.toml", home / "workers.log"
        self.config.write_text(
            f'base_url = "{url}"\napi_key = "test"\n{roles}[limits]\ntokens = "none"\nconcurrency = {concurrency}\n'
            f"{jobs}{toml}"
        )
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FOREPLAN_")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        for entry in self.status():
            os.kill(entry["pid"], signal.SIGKILL)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "foreplan", *words, "--home", str(self.home), "--config", str(self.config)]

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*words), env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)

    def queue(self, *more: str, question: str = QUESTION) -> str:
        """A job whose worker is the test's own affair: `ensure_worker` finds one, or there is none yet."""
        from foreplan.agents.jobs.queue import JobQueue
        from foreplan.agents.jobs.spec import JobSpec
        from foreplan.cli.job_settings import without_secrets
        from foreplan.core.settings import load_settings
        from foreplan.planner.brief import Brief

        settings = load_settings({}, config=self.config)
        spec = JobSpec(
            brief=Brief(goal=question, sources=(str(self.sources),)),
            settings=without_secrets(settings),
            approve="--approve" in more,
        )
        with JobQueue(self.places) as queue:
            priority = int(more[more.index("--priority") + 1]) if "--priority" in more else 100
            return queue.add(spec, priority=priority)

    @property
    def places(self) -> Any:
        from foreplan.agents.jobs.places import JobPlaces

        return JobPlaces(self.home, self.database or None)

    def jobs(self) -> dict[str, Any]:
        """All jobs by id, without a process being started."""
        from foreplan.agents.jobs.queue import JobQueue

        with JobQueue(self.places) as queue:
            return {job.id: job for job in queue.newest(limit=1_000)}

    def job(self, name: str) -> Any:
        return self.jobs()[name]

    def status(self) -> list[dict[str, Any]]:
        from foreplan.agents.jobs.alive import local_workers

        return [{"worker": worker, "pid": pid} for worker, pid in local_workers(self.places).items()]

    def worker(self, *more: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                self.command("worker", *more), env={**self.environment, **(environment or {})}, stdout=log, stderr=log
            )
        self.workers.append(worker)
        return worker

    def wait(self, true: Callable[[], bool], *, seconds: float = 60.0, every: float = 0.1) -> None:
        until = time.monotonic() + seconds
        while not true():
            states = [job.state for job in self.jobs().values()][:20] if time.monotonic() > until else []
            assert not states, f"not in time: {states}; {self.said()}"
            time.sleep(every)

    def ended(self, *names: str) -> bool:
        known = self.jobs()
        return all(known[name].state not in ("queued", "running", "interrupted") for name in names)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3_000:] if self.log.exists() else ""

    def events(self, name: str) -> list[Event]:
        trace = self.home / "runs" / name / "trace.jsonl"
        return list(read_events(trace)) if trace.is_file() else []

    def check(self, name: str, subtasks: int) -> dict[str, Any]:
        """That a job ended right, repeated nothing, swapped nothing, and told all of it; its result."""
        job = self.job(name)
        assert job.state == "done", (job, self.said())
        result: dict[str, Any] = job.outcome["result"]
        digests = result["digests"]
        assert len(digests) == subtasks
        for digest in digests:
            part = part_of(digest["subtask"])
            assert part < PARTS
            texts = [claim["text"] for claim in digest["claims"]]
            assert texts == [f"Part {part} weighs {weight(part)} kg."], (digest, self.home)
        assert result["report"]
        assert job.progress.done == job.progress.total == subtasks
        assert job.progress.tokens == result["spend"]["tokens"]
        return result

    def check_told(self, name: str, subtasks: int, *others: JobLab) -> None:
        """That the traces of a job tell each thing that matters, and no second start. `others`: further machines."""
        told = [event for lab in (self, *others) for event in lab.events(name)]
        if others:  # one machine's are in order already, even if its clock was moved
            told.sort(key=lambda event: event.at)
        started: set[str] = set()
        ended: set[str] = set()
        for event in told:
            if isinstance(event, SubtaskStarted):
                assert event.cached or event.subtask not in ended, f"{event.subtask} was begun again"
                started.add(event.subtask)
            elif isinstance(event, SubtaskEnded):
                ended.add(event.subtask)
        assert len(ended) == subtasks
        assert started == ended == {event.subtask for event in told if isinstance(event, PlanItem)}
        assert any(isinstance(event, RunEnded) for event in told)

    def trace_bytes(self) -> int:
        """How much the traces here hold: it grows while a worker is at work."""
        return sum(trace.stat().st_size for trace in self.home.glob("runs/*/trace.jsonl"))

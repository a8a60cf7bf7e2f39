"""The first opening of a run's databases, killed before each of its SQL statements in turn: the next makes it good.

Each death is a process of its own; all of them are forked from one that has done the imports.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

FORKS = """
import asyncio, os, signal, sqlite3, sys
from pathlib import Path

from foreplan.agents.durable import open_saver, open_store

OPENERS = {"store": open_store, "saver": open_saver}


async def opened(path):
    async with OPENERS[sys.argv[1]](path) as kept:
        if sys.argv[1] == "store":
            await kept.aput(("a",), "key", {"value": 1})
            assert (await kept.aget(("a",), "key")).value == {"value": 1}


def dies_before(number):
    told, connect = 0, sqlite3.connect

    def count(statement):
        nonlocal told
        told += 1
        if told == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(where, *words, **more):
        made = connect(where, *words, **more)
        if "file" in str(where):
            made.set_trace_callback(count)
        return made

    sqlite3.connect = counted


def forked(path, number):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            dies_before(number)
            asyncio.run(opened(path))
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


deaths = 0
while True:
    path = Path(sys.argv[2]) / f"file-{deaths}.sqlite"
    status = forked(path, deaths + 1)
    after = forked(path, 0)
    assert after == 0, f"killed before statement {deaths + 1}, it cannot be opened any more"
    if status == 0:
        break
    assert os.WIFSIGNALED(status)
    deaths += 1
print(deaths)
"""


@pytest.mark.parametrize("what", ["store", "saver"])
def test_a_first_set_up_that_is_killed_at_any_statement_is_made_good_by_the_next(tmp_path, what):
    done = subprocess.run(
        [sys.executable, "-c", FORKS, what, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 4

"""A million spans are read as a stream: memory after them is what it was after the first thousands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.traced import write_trace

SPANS = 1_000_000
MAX_GROWTH_BYTES = 16 * 1024 * 1024

READER = """
import io, json, sys
from pathlib import Path
from foreplan.memory.redact import Redactor
from foreplan.train.rows.choose import Filters, choose
from foreplan.train.rows.export import export
from foreplan.train.rows.formats import exporter

class Nowhere(io.TextIOBase):
    def write(self, text):
        return len(text)

def resident():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

def runs(name):
    return choose([Path(name)], Filters(), skip=sys.exit)

small, large, form = sys.argv[1:]
told = {}
for name, path in (("small", small), ("large", large)):
    row = next(runs(path))
    rows = export(exporter(form), runs(path), redactor=Redactor(), out=Nowhere())
    told[name] = {"tokens": row.tokens, "rows": rows, "resident": resident()}
print(json.dumps(told))
"""


def with_spans(folder: Path, count: int) -> Path:
    """Put so many calls of a worker into a run's trace."""
    trace = folder / "trace.jsonl"
    lines = trace.read_text(encoding="utf-8").splitlines(keepends=True)
    call = json.loads(next(line for line in lines if '"chat tiny"' in line))
    call["event"] |= {"prompt_tokens": 1, "completion_tokens": 0}
    before, after = json.dumps(call).split(call["span_id"])
    with trace.open("w", encoding="utf-8") as file:
        file.writelines(line for line in lines if '"run_ended"' not in line)
        file.writelines(f"{before}{number:016x}{after}\n" for number in range(count))
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of resident memory from /proc")
@pytest.mark.parametrize(("form", "spans"), [("sft", SPANS), ("openinference", SPANS // 25)])
def test_memory_is_flat_over_a_million_spans(tmp_path: Path, form: str, spans: int) -> None:
    small = with_spans(write_trace(tmp_path, "small"), 5_000)
    large = with_spans(write_trace(tmp_path, "large"), spans)
    command = [sys.executable, "-c", READER, str(small), str(large), form]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["large"]["tokens"] - told["small"]["tokens"] == spans - 5_000
    assert told["large"]["rows"] - told["small"]["rows"] == (spans - 5_000 if form == "openinference" else 0)
    assert told["large"]["resident"] - told["small"]["resident"] < MAX_GROWTH_BYTES, told

"""Two processes train together over gloo: they end with equal weights, and saw each other's plans."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

from foreplan.train.trainer.config import RLConfig

SCRIPT = Path(__file__).parents[1] / "support" / "practise_until.py"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("more", [{}, {"micro_batch": 4, "updates": 2, "save_every": 2}])
def test_two_processes_end_with_equal_weights(tmp_path, more):
    config = RLConfig(
        **{"steps": 2, "groups": 4, "group": 4, "max_tokens": 60, "learning_rate": 1e-2, "save_every": 1, **more}
    )
    # accelerate starts several processes on CPUs through MPI only; this is what it starts on GPUs.
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, str(SCRIPT), str(tmp_path), config.model_dump_json()],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    first, second = ((tmp_path / f"hash-{rank}").read_text() for rank in range(2))
    assert first == second
    assert first.endswith(" 16.0")

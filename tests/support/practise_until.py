"""Trains a tiny planner, and is killed in the middle of a step: `practise_until.py FOLDER CONFIG STEP`.

Without a step it trains to its end and writes a hash of the weights, each process its own.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from foreplan.train.rollout import Episode
from foreplan.train.trainer.config import RLConfig
from support.practice import trainer


def main(folder: Path, config: RLConfig, kill_at: int | None) -> None:
    """Train."""

    def watch(step: int, episodes: Sequence[Episode]) -> Mapping[str, float]:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"episodes": float(len(episodes))}

    made = trainer(folder, config, watch=watch)
    made.train()
    state = made.accelerator.unwrap_model(made.model).state_dict()
    digest = hashlib.sha256(b"".join(each.numpy().tobytes() for each in state.values())).hexdigest()
    (folder / f"hash-{made.accelerator.process_index}").write_text(f"{digest} {made.state.log_history[0]['episodes']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), RLConfig.model_validate_json(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)

"""The smallest recipe that goes through everything: a planner from scratch in half a minute."""

from pathlib import Path

TEXT = """
about = "Smallest of all."
[model]
base = "tiny"
hidden = 32
layers = 1
[data]
problems = 120
demonstrations = "weak"
held_out = 20
[sft]
steps = 12
batch = 8
micro_batch = 8
learning_rate = 1e-2
max_tokens = 320
checkpoint_every = 4
[prefer]
steps = 2
batch = 4
micro_batch = 4
max_tokens = 320
[rl]
steps = 4
groups = 3
group = 4
max_tokens = 100
learning_rate = 1e-3
refills = 0
save_every = 2
"""


def small_recipe(folder: Path) -> Path:
    """The recipe as a file."""
    path = folder / "small.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path

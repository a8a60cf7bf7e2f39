"""Seeded sources of chance: what a draw is for goes in, a random generator of its own comes out.

Law: equal names give equal draws on every machine and in every process (`random` hashes text with SHA-512, never with
`hash`), and draws of different names do not disturb each other.
"""

from __future__ import annotations

import random


def draw_for(*names: object) -> random.Random:
    """The source for one purpose, such as `draw_for("fanout", seed, "names")`."""
    return random.Random("/".join(map(str, names)))  # noqa: S311 - made-up worlds, not secrets

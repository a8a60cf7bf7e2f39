"""The parts world: puzzles of reasoning-gym, joined by dependencies and a last step, graded by their own scorers."""

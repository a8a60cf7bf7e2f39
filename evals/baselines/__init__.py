"""Baselines: planners to beat at equal tokens. One small file each, chosen by `--planner baseline:NAME`."""

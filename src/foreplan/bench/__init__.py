"""Benchmarks: `python -m foreplan.bench NAME` runs one. Each is a module here with `run(*, data, quick) -> dict`."""

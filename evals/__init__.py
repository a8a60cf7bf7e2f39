"""Is a plan good, is its forecast honest, is the spend worth it? The room above agents; alone, it imports inspect-ai.

`graders` score an output 0..1, `worlds` make planning problems whose best plan is known, `metrics` turn many scores
into calibration, coverage and cost, `tasks` runs suites of problems and compares planners at equal tokens.
"""

"""Suites of tasks, carried out through the real graph, graded in code and logged by inspect-ai."""

"""Grading plans and runs. The room above agents; the only one that may import inspect-ai."""

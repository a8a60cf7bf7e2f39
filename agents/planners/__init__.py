"""Planners: a model's and one that needs none. Each turns a brief into a whole plan."""

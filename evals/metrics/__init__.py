"""Metrics: many outcomes go in; calibration, coverage, efficiency and paired comparisons come out. Pure functions."""

"""Samplers: plans drawn from a planner, with token ids and log-probs as they were drawn. `local` samples in process."""

"""Brief in, plan out: the plan's shape, its checks, and the ways to get one from a model. Imports memory and core."""

"""A planner small enough to be trained from scratch on a CPU: its words, its prompt, its model and its folder."""

"""A trained planner: `prompt` writes what it is asked, `model` loads it, `in_process` plans with it."""

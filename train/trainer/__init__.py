"""The update: `prefix` runs each prompt once a group, `planner_trainer` is TRL's GRPO with credit per token."""

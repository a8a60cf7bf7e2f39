"""Workers: do one subtask, with a model or without one, and leave a digest."""

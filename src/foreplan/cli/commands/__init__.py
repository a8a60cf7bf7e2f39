"""One module a command: `main(**flags) -> int` takes the command's flags and returns its exit code."""

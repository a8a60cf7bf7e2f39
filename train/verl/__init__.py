"""Beyond eight GPUs: `export` writes a training for verl, `score` is the reward function that verl calls."""

"""Compressors: what a subtask read becomes a small digest; `extractive` without a model, `model` with one, `hybrid`."""

"""Selectors: several attempts at one subtask, one digest. Each decides how many attempts are worth making."""

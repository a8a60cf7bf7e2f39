"""Grammars that keep a sampled plan in form: `base` says what one is."""

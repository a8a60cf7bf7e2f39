"""Graders: one small file per kind behind `base.Grader`; `load.grader_from` makes one of OpenAI's grader JSON."""

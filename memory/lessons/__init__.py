"""Lessons: what failed goes in; refusals of identical retries, and advice for the planner, come out.

`lesson` is one lesson and the form its arguments are compared in, `book` those of a run, `store` those of a project.
"""

from .book import LessonBook
from .lesson import Lesson, normalise
from .store import forget, load, projects, save, show

__all__ = ["Lesson", "LessonBook", "forget", "load", "normalise", "projects", "save", "show"]

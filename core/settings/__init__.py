"""Settings: what a user may configure, where it is read from, and which endpoint each role gets.

`shape` holds the frozen types, `loading` reads them (flags over environment over file over OPENAI_* variables),
`roles` resolves the fallbacks between roles, `faults` turns a wrong key into a sentence that names the right one.
"""

from .loading import load_settings as load_settings
from .shape import Settings as Settings

"""Checks in code of what claims and reports say: no model is asked, nothing passes unread."""

from .base import Check, Failing
from .run import check_claim, check_sentence
from .verify import Repair, Verified, verify

__all__ = ["Check", "Failing", "Repair", "Verified", "check_claim", "check_sentence", "verify"]

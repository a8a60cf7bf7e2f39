"""Worlds: seeded generators of planning problems whose best plan is known; one module each behind `base`."""

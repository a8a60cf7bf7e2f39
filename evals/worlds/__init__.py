"""Worlds: seeded generators of planning problems whose best plan and budget are known; one module each behind `base`."""

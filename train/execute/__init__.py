"""Executors find out what comes of sampled plans: `market` simulates them, `graph` runs them on real workers."""

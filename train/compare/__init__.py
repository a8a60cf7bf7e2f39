"""Comparing planners on the market, where everything is known: `scores` measures one, `rewards` trains several."""

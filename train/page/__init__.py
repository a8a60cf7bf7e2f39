"""Pages of a training: `report` says how it went, `outputs` shows the plans that were sampled, searchable."""

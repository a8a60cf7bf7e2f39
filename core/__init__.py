"""Ground floor: models, ledger, events, errors, settings, and the testing kit. Imports nothing of ours."""

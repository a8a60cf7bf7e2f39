"""What a run knows: documents, artifacts, evidence, digests, and the trace. Imports core only."""

"""The user's documents: reading files of many formats, and a full-text index over them."""

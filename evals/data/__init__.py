"""Data sets: files in the common shape, or as their makers released them, go in; rows in the common shape come out."""

"""Writers: digests in, a report with checked citations out."""

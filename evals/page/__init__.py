"""Pages: records of evaluations go in, one self-contained HTML file comes out."""

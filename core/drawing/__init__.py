"""Pictures of numbers: plain data goes in, self-contained HTML with inline SVG comes out. Standard library only.

`html` is the page around; `charts` draws lines, dots and bands over two axes, `bars` rows over one, `dag` what depends
on what (placed by `layers`); `states` says how subtasks' states look, `scale` places values, `svg` writes tags.
"""

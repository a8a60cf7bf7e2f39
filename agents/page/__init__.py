"""The run page: the directory of a run goes in, one self-contained HTML file about it comes out.

`facts` folds the directory's trace into what there is to say; one module a section says it (`plan`, `timeline`,
`spending`, `problems`, `ledger`, `report`, `sources`); `page` puts them together. The figures are core.drawing's.
"""

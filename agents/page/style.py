"""CSS of the run page beyond that of every page.

A source shows its quotation, and its excerpt when a link leads to the span in it: no script is needed to open one.
"""

from __future__ import annotations

PAGE_STYLE = """
h2 { font-size: 1.4rem; } h3 { font-size: 1.1rem; margin-top: 1.5rem; } h4, h5, h6 { font-size: 1rem; }
section { margin-bottom: 2.5rem; } section + section { border-top: 1px solid var(--rule); } summary { cursor: pointer; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .5rem; margin: 1rem 0; }
.facts div { background: var(--card); padding: .5rem .75rem; border-radius: .5rem; min-width: 0; }
.facts dt { color: var(--soft); font-size: .85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
#plan table { font-size: .9rem; } #plan td:nth-child(n+10) { min-width: 18rem; }
.charts { max-width: 40rem; } figure + .charts { margin-top: 1rem; }
.report { max-width: 46rem; } .report table { display: block; overflow-x: auto; } .report td { text-align: left; }
.report pre, .source pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.cite { text-decoration: none; padding: 0 .1em; } .cite:hover { text-decoration: underline; }
tr, .cite { scroll-margin: 3.5rem 0 1rem; } mark { scroll-margin: 40vh 0; }
.source { border-left: 3px solid var(--rule); padding: .1rem .9rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
.source h3 { margin: .3rem 0; font-size: 1rem; } .source p { margin: .3rem 0; }
.source blockquote { margin: .4rem 0 .4rem 1rem; }
.source pre { font: 15px/1.5 system-ui, sans-serif; margin: .5rem 0; }
.source .context { display: none; } .source:has(:target) .context { display: block; }
.source:has(:target) { border-color: var(--s0); background: var(--card); }
.source:has(:target) .quote { display: none; }
@supports not selector(:has(*)) { .source .context { display: block; } .source .quote { display: none; } }
tr:target { background: var(--card); outline: 2px solid var(--s0); }
mark { background: #ffe066; color: #1a1a1a; padding: .05em 0; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  .source .context, .source:has(:target) .context { display: none; }
  .source .quote, .source:has(:target) .quote { display: block; }
  #plan table { font-size: 7pt; } #plan td:nth-child(n+10) { min-width: 0; }
}
"""

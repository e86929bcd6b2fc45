"""The benchmark behind docs/performance.md: one small module per row of its table.

Each row drives the real program through its command line and, in the same run,
something bare that does the same work; what counts is the ratio of the two.
Nothing of the product imports this.
"""

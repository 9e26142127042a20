"""The engine: compares what is declared with what is observed, plans the difference, carries it out.

It knows no vendor, prints nothing and opens no socket; integrations plug in through `Kind` and `Instance`.
"""

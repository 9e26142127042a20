"""The destinations that are built in: what they write looks as if the vendor's own had written it.

Two promises hold for all of them. Nothing half-written is ever visible, neither file nor table, not even after a
kill; and a value that does not fit fails the job rather than become something else.
"""

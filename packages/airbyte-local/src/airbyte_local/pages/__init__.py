"""The web pages: what is here, what moved, what went wrong. They read the store, and ask for jobs; nothing else.

Server-rendered, with one small script for what is live; without it a reload shows the same.
"""

"""Declarations as Python source. Pure: values go in, text comes out, and nothing a server said is ever code."""

"""Rows of the Sample Data source: who the people are, what they buy, and when. Every row follows from a seed."""

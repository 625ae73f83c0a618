"""Duplicates: which documents go because a kept one is almost the same."""

"""Counts, exports and erases everything that is stored of a guild."""

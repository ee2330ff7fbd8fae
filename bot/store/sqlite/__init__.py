"""Keeps the stores' rows in an SQLite file."""

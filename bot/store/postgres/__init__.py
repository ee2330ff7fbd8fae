"""Keeps the stores' rows in PostgreSQL."""

"""Moves everything that is stored to a database of the other kind."""

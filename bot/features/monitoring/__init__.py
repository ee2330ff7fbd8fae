"""Checks every connection again and again and stores the results."""

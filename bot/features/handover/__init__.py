"""Passing a bot token on, once."""

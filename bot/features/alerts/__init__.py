"""Incidents, where a server is told of them, and the messages that Discord has to show."""

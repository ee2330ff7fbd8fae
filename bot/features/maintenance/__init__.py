"""Maintenance windows: times in which a server expects agents to fail."""

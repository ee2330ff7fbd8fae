"""The integrations that a guild put into Discord with this bot."""

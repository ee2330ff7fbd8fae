"""The slash commands that were registered with Discord."""

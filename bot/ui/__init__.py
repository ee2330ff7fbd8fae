"""How Patchbay looks in Discord."""

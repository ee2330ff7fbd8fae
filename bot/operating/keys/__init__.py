"""The encryption keys: where they come from, what is stored under each, and their rotation."""

"""The connection to Discord: what it refuses, what it sends that cannot be read, and how often we log in."""

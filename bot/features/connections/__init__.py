"""A guild's verified credentials with the providers."""

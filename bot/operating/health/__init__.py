"""Tells others whether the bot works: answers who asks over HTTP, and calls an address while all is well."""

"""The past states of integrations, and their availability."""

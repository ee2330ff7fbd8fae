"""Watches how integrations are doing, and decides what is an incident; knows no Discord."""

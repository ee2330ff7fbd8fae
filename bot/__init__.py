"""Patchbay: a Discord bot with which a server's admins connect AI agents to their server."""

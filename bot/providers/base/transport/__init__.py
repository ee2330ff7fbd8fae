"""Sends what the providers' clients ask of httpx through aiohttp."""

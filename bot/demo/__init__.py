"""The same bot in a browser: Discord and the providers are simulated, and nothing leaves the machine."""

"""The Discord core: the client, the guard, components, replies and embeds."""

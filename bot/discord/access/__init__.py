"""What agents' bots can do in a server: the members and channels that Discord knows, asked within limits."""

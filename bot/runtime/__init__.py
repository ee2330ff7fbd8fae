"""The Discord edge: the client, the guard, the errors' way out, the languages."""

"""Shows what Patchbay promises with processes that are killed, stopped and disturbed: `python -m prove`."""

"""Charts and timelines, drawn as PNG."""

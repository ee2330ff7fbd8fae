"""What Patchbay stores about a guild itself."""

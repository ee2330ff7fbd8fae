"""What one answer shows of several features, read in one step."""

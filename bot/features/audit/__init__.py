"""The audit log: a hash chain of all changes, with their members and results."""

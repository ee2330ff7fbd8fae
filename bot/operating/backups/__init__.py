"""Backups of the database's file: by command, on schedule, and how to get from damage to one of them."""

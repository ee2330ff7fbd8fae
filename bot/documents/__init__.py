"""Writes the parts of the users' documents that follow from the commands and the catalogues."""

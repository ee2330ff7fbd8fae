"""The database, its migrations, and the vault that encrypts credentials."""

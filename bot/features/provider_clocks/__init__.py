"""The time zones in which providers' hosts write times that name none."""

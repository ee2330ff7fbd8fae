"""What the person who hosts the bot does and looks at."""

"""What the commands do; knows no Discord."""

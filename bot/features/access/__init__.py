"""The tiers that a guild grants to roles and members."""

"""Several bots on one database, in a simulated Discord with several shards, all of which is recorded."""

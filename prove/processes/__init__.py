"""The processes that proofs start, and the disk below them."""

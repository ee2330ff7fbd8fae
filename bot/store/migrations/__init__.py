"""Runs the migrations of either engine with Alembic."""

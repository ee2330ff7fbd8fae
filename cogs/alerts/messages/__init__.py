"""Builds what alerts, recoveries and summaries show."""

"""Runs an operator's command."""

import os

from click.testing import CliRunner, Result

from bot.__main__ import main


def patchbay(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, words, env=dict(os.environ))

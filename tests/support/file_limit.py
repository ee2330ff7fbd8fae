"""A bot whose files cannot grow, as on a full disk."""

import resource

from bot.demo.bot_process import BotProcess


def let_files_grow(process: BotProcess, *, may: bool) -> None:
    """Let the kernel refuse each byte that the bot writes to a file, or none."""
    _, most = resource.prlimit(process._process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process._process.pid, resource.RLIMIT_FSIZE, (most if may else 0, most))

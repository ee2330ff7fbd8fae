"""``python -m bot.documents`` writes the generated parts of the documents, in a checkout."""

import asyncio
import base64
import os
import tempfile
from pathlib import Path

from pydantic import SecretStr

from bot.app import build_bot
from bot.documents.commands import TreeCommand, read_tree
from bot.documents.pages import made_pages
from bot.providers.base.redaction import Redactor
from bot.settings import settings_model


async def read_commands(folder: Path) -> list[TreeCommand]:
    """Return the bot's commands from its own tree; it connects to nothing. folder: for an empty database."""
    settings = settings_model()(
        database_url=SecretStr(f"sqlite:///{folder / 'patchbay.db'}"),
        encryption_keys=SecretStr(f"documents:{base64.b64encode(os.urandom(32)).decode()}"),
    )
    async with build_bot(settings, Redactor()) as bot:
        await bot.load_cogs()
        return await read_tree(bot.tree)


def main() -> None:
    """Write every page anew that is not as it should read."""
    with tempfile.TemporaryDirectory() as folder:
        commands = asyncio.run(read_commands(Path(folder)))
    for path, text in made_pages(Path(), commands).items():
        if path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

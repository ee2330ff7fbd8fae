"""`patchbay demo`: runs until it is told to stop, and leaves nothing behind."""

import asyncio
import signal
import webbrowser
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import click
from simcord import SetupError

from bot.demo.bot_process import BotFailedError
from bot.demo.controls import DemoControls
from bot.demo.guide import EMPTY, FILLED
from bot.demo.page import live_page
from bot.demo.past import write_past
from bot.demo.stage import Stage, open_stage
from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
from bot.providers import providers

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def run(*, port: int, locale: str, is_empty: bool, open_browser: bool) -> None:
    """Run the demo until SIGINT, SIGTERM or the page's own end.

    port: of the page, 0 for a free one. locale: of the page and of every member, ``en-US`` or ``pt-BR``,
    until the page changes it. is_empty: whether the server begins without connections. Raises
    click.ClickException if the bot does not come up, ends by itself, or the port is taken.
    """
    stopped = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    playing = asyncio.create_task(_play(port, locale, is_empty=is_empty, open_browser=open_browser))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
    # Cancelled only once: a second Ctrl-C must not interrupt the clean-up.
    stopping.cancel()
    playing.cancel()
    with suppress(asyncio.CancelledError):
        try:
            await playing
        except (BotFailedError, SetupError) as error:
            raise click.ClickException(str(error)) from None


async def _play(port: int, locale: str, *, is_empty: bool, open_browser: bool) -> None:
    click.echo("Starting a simulated Discord, simulated providers and the bot …")
    async with open_stage(locale) as stage:
        if not is_empty:
            await write_past(stage)
        controls = DemoControls(stage, EMPTY if is_empty else FILLED)
        world, env = stage.world, stage.discord.env
        with controls.watching():
            async with (
                live_page(
                    env, world.operations, controls.viewers, locale=locale, port=port, controls=controls
                ) as page,
                stage.running_bot() as bot,
            ):
                click.echo("\n".join(_instructions(stage, page.url)))
                if open_browser:
                    await asyncio.to_thread(webbrowser.open, page.url)
                await bot.alongside(page.wait_closed())


def _instructions(stage: Stage, url: str) -> Iterator[str]:
    yield ""
    yield click.style(
        "Everything here is simulated: no account is used, nothing leaves this machine.", bold=True
    )
    yield ""
    yield f"  Open       {click.style(url, fg='cyan')}"
    yield "             The guide beside the chat says what to try. It has buttons that break agents, and"
    yield "             switches for the member that you are and for the language."
    yield ""
    texts = load_catalog()[DEFAULT_LOCALE]
    kinds = {provider.slug: provider for provider in providers()}
    for provider in stage.simulators:
        kind = kinds[provider.slug]
        yield f"  {kind.name:<10} asks for credentials; paste, all made up (the guide has them to copy):"
        for field, value in provider.credentials.items():
            yield f"               {texts(f'{kind.field_key(field)}.label')}  {value}"
    if stage.discord_token is not None:
        yield f"  Bot token  {stage.discord_token}"
        yield "               made up as well, for a command that asks for a Discord bot token"
    yield ""
    yield "  Stop       Ctrl-C"

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
from bot.demo.faults import ENGLISH, TEXTS
from bot.demo.page import live_page
from bot.demo.stage import CHECK_INTERVAL, Stage, open_stage
from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
from bot.providers import providers

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def run(*, port: int, locale: str, open_browser: bool) -> None:
    """Run the demo until SIGINT, SIGTERM or the page's own end.

    port: of the page, 0 for a free one. locale: of the page and of every member, ``en-US`` or ``pt-BR``.
    Raises click.ClickException if the bot does not come up, ends by itself, or the port is taken.
    """
    stopped = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    playing = asyncio.create_task(_play(port=port, locale=locale, open_browser=open_browser))
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


async def _play(*, port: int, locale: str, open_browser: bool) -> None:
    click.echo("Starting a simulated Discord, simulated providers and the bot …")
    async with open_stage(locale) as stage:
        world, env = stage.world, stage.discord.env
        viewers = (world.mira, world.theo, world.ravi)
        async with (
            live_page(env, world.operations, viewers, locale=locale, port=port) as page,
            stage.running_bot() as bot,
        ):
            click.echo("\n".join(_instructions(stage, page.url, locale)))
            if open_browser:
                await asyncio.to_thread(webbrowser.open, page.url)
            await bot.alongside(page.wait_closed())


def _instructions(stage: Stage, url: str, locale: str) -> Iterator[str]:
    yield ""
    yield click.style(
        "Everything here is simulated: no account is used, nothing leaves this machine.", bold=True
    )
    yield ""
    yield f"  Open       {click.style(url, fg='cyan')}"
    yield "  You are    Mira, who owns the server. “Viewing as” makes you Theo (moderator) or Ravi (member)."
    yield ""
    texts = load_catalog()[DEFAULT_LOCALE]
    kinds = {provider.slug: provider for provider in providers()}
    yield "  Type       /setup, and press the buttons"
    for provider in stage.simulators:
        kind = kinds[provider.slug]
        yield f"  {kind.name:<10} asks for credentials; paste, all made up:"
        for field, value in provider.credentials.items():
            yield f"               {texts(f'{kind.field_key(field)}.label')}  {value}"
    yield "  And then   /help lists the other commands; type a letter of a name to get suggestions."
    if stage.discord_token is not None:
        yield f"  Bot token  {stage.discord_token}"
        yield "               made up as well, for a command that asks for a Discord bot token"
    phrases = TEXTS.get(locale, ENGLISH)
    channel = stage.world.operations.name
    yield f"  Break      /alerts set channel: {channel}, the one that you see; then write there:"
    yield f"               {phrases.breaks} {stage.breakable}"
    yield f"               {phrases.heals} {stage.breakable}"
    yield f"               {phrases.breaks} {phrases.everything}"
    yield f"               {phrases.heals} {phrases.everything}"
    yield f"               the alert comes after about {2 * CHECK_INTERVAL} seconds, and closes like that too"
    yield ""
    yield "  Stop       Ctrl-C"

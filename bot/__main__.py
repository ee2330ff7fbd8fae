"""The command line: parse, call, exit code. Each command imports what it needs when it runs."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from bot.providers.base.redaction import Redactor
    from bot.settings import Settings
    from bot.setup_errors import SetupError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="patchbay")
def main() -> None:
    """Connect AI agents to Discord servers and see how they are doing."""
    if sys.platform == "win32":  # said here, because what a command or the catalogue imports may fail there
        raise click.ClickException(
            "Patchbay runs on Linux and macOS, not on Windows."
            " Use a container, or install it in the Windows Subsystem for Linux."
        )


@main.command()
def run() -> None:
    """Run the bot until it is told to stop (SIGTERM, Ctrl-C)."""
    from bot.heap import without_collections

    with without_collections():
        from bot.operating.process import log_start, set_up_signals

        set_up_signals()
        from bot.operating.running import alone
        from bot.setup_errors import SetupError
        from bot.store.vault import read_keys

        settings, redactor = _prepare()
    log_start(settings)
    try:
        key_id = next(iter(read_keys(settings.encryption_keys.get_secret_value())))
        with alone(settings, key_id):
            with without_collections():
                from bot import app  # half a second, which a second process need not spend

            asyncio.run(app.run(settings, redactor))
    except SetupError as error:
        _fail(error)


@main.command()
@click.option("--port", default=0, show_default="a free port", help="Port of the page on 127.0.0.1.")
@click.option(
    "--locale",
    type=click.Choice(["en-US", "pt-BR"]),
    default="en-US",
    show_default=True,
    help="Language of the page and its members, which the page can change.",
)
@click.option("--empty", is_flag=True, help="Begin with a server that has no agents yet.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def demo(port: int, locale: str, *, empty: bool, no_browser: bool) -> None:
    """Try the bot in a browser page: a simulated Discord, simulated providers, no account anywhere."""
    from bot.settings import forget_secrets

    forget_secrets()  # the browser is a child process
    try:
        from bot.demo.run import run as run_demo
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            f"{missing.name} is missing; install with: pip install 'patchbay[demo]'"
        ) from None
    sys.exit(asyncio.run(run_demo(port=port, locale=locale, is_empty=empty, open_browser=not no_browser)))


@main.command()
@click.option(
    "--offline",
    is_flag=True,
    help="Check settings, files and libraries only; touch neither network nor database.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(*, offline: bool, as_json: bool) -> None:
    """Check settings, machine, database, Discord and providers; the bot may be running.

    Exit code 0: all is fine, or there are warnings only. 1: something keeps the bot from starting or working.
    2: the command itself was misspelt.
    """
    from bot.operating.doctor import DoctorReport, examine

    report = DoctorReport(is_json=as_json, is_offline=offline)

    async def look() -> None:
        async for finding in examine(offline=offline):
            report.add(finding)

    asyncio.run(look())
    report.finish()
    sys.exit(report.exit_code)


@main.command()
def sync() -> None:
    """Send the commands to Discord now, changed or not."""
    from bot import app
    from bot.setup_errors import SetupError

    settings, redactor = _prepare()
    try:
        count = asyncio.run(app.sync(settings, redactor))
    except SetupError as error:
        _fail(error)
    click.echo(
        f"Sent {count} commands to Discord. It shows them at once; members may have to reload (Ctrl+R)."
    )


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the database into a new FILE, which is checked; the bot may be running. Keys are not in it."""
    from bot.operating import summaries
    from bot.operating.backups import commands
    from bot.setup_errors import SetupError

    settings, _ = _prepare(needs_keys=False)
    try:
        contents = commands.backup(settings, file)
    except SetupError as error:
        _fail(error)
    click.echo(f"Backed up {settings.database} into {file}: {summaries.of_contents(contents)}.")
    click.echo(f"To use it, you need the same encryption keys: {', '.join(contents.key_ids) or 'none yet'}.")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(file: Path) -> None:
    """Put a backup in the place of the database, which is kept under another name; stop the bot first."""
    from bot.operating import summaries
    from bot.operating.backups import commands
    from bot.setup_errors import SetupError

    settings, _ = _prepare()
    try:
        restored = commands.restore(settings, file)
    except SetupError as error:
        _fail(error)
    click.echo(f"Restored {file} into {settings.database}: {summaries.of_contents(restored.contents)}.")
    if restored.aside is not None:
        click.echo(f"The database that it replaces is now {restored.aside}.")
        click.echo("Delete it when you no longer need it: it holds credentials.")
    for line in summaries.of_usage(restored.usage):
        click.echo(line)


@main.command("purge-guild")
@click.argument("guild_id", type=click.IntRange(1, 2**63 - 1))
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge_guild(guild_id: int, *, yes: bool) -> None:
    """Erase all that is stored of a guild, credentials and audit log included; the bot may be running."""
    from bot.operating import hosting, summaries
    from bot.setup_errors import SetupError

    settings, _ = _prepare(needs_keys=False)
    try:
        stored = asyncio.run(hosting.stored(settings, guild_id))
        click.echo(f"Stored of guild {guild_id}: {summaries.of_stored(stored)}.")
        if stored.total and not yes:
            click.confirm("Erase all of it? This cannot be undone.", abort=True)
        clean = asyncio.run(hosting.purge(settings, guild_id))
    except SetupError as error:
        _fail(error)
    _fail_unless_clean(settings, clean=clean)
    if stored.total:
        click.echo("All of it is erased. Backups that you have made still hold it.")


@main.group()
def member() -> None:
    """Export or erase what is stored of one person, in all servers; the bot may be running."""


_member_id = click.argument("user_id", type=click.IntRange(1, 2**63 - 1))


@member.command("export")
@_member_id
def export_member(user_id: int) -> None:
    """Print all that names this Discord user, as JSON."""
    from bot.operating import hosting
    from bot.setup_errors import SetupError

    settings, _ = _prepare()
    try:
        tables = asyncio.run(hosting.member_rows(settings, user_id))
    except SetupError as error:
        _fail(error)
    click.echo(json.dumps({"user_id": str(user_id), **tables}, indent=1, ensure_ascii=False))


@member.command("erase")
@_member_id
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_member(user_id: int, *, yes: bool) -> None:
    """Erase this Discord user: their grants, and their name from whatever they did."""
    from bot.operating import hosting, summaries
    from bot.setup_errors import SetupError

    settings, _ = _prepare()
    try:
        stored = asyncio.run(hosting.member_stored(settings, user_id))
        click.echo(f"Stored of user {user_id}: {summaries.of_member(stored)}.")
        if stored.total and not yes:
            click.confirm("Erase the user from all of it? This cannot be undone.", abort=True)
        clean = asyncio.run(hosting.erase_member(settings, user_id))
    except SetupError as error:
        _fail(error)
    _fail_unless_clean(settings, clean=clean)
    if stored.total:
        click.echo("Erased: the grants are gone, and everything else no longer says who did it.")
        click.echo("Messages in Discord, and backups that you have made, still name the user.")


@main.command("rotate-key")
def rotate_key() -> None:
    """Encrypt and sign everything with the first key of PATCHBAY_ENCRYPTION_KEYS; the bot may be running.

    Put the new key in front of the old one and restart the bot first. Interrupted, this can be run again.
    """
    from bot.operating import hosting, summaries
    from bot.setup_errors import SetupError

    settings, _ = _prepare()

    def show(done: int, total: int) -> None:
        click.echo(f"{done} of {total} connections", err=True)

    try:
        rotation = asyncio.run(hosting.rotate(settings, show))
    except SetupError as error:
        _fail(error)
    for line in summaries.of_rotation(rotation):
        click.echo(line)


@main.command("migrate-database")
@click.option("--to", "url", metavar="URL", required=True, help="An empty database; - to read it from input.")
def migrate_database(url: str) -> None:
    """Move everything from SQLite to PostgreSQL, or back; the bot may run until this asks to stop it.

    With --to - the URL is read from standard input, for a password. Interrupted, this can be run again.
    """
    from bot.operating import moving
    from bot.setup_errors import SetupError

    settings, _ = _prepare(needs_keys=False)
    url = sys.stdin.read() if url == "-" else url
    try:
        click.echo(moving.migrate_database(settings, url, lambda line: click.echo(line, err=True)))
    except SetupError as error:
        _fail(error)


@main.command("new-provider")
@click.argument("slug")
@click.option("--name", show_default="the slug, capitalised", help="The provider's proper name.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    show_default="the current folder",
    help="A checkout of Patchbay.",
)
def new_provider(slug: str, name: str | None, root: Path) -> None:
    """Write a working skeleton of one more provider into a checkout, and what it adds to the documents."""
    from bot.settings import forget_secrets

    try:
        from bot.operating.new_provider import NewProviderError, write_provider
    except ModuleNotFoundError:  # a release leaves it out
        raise click.ClickException("This needs a copy of the repository, installed as it is.") from None
    forget_secrets()
    try:
        written = write_provider(slug, name or slug.capitalize(), root)
    except NewProviderError as error:
        raise click.ClickException(str(error)) from None
    for path in sorted(written):
        click.echo(path)
    click.echo("Next: `make format test`. Then let contract.yaml say what the provider answers.")


def _fail_unless_clean(settings: Settings, *, clean: bool) -> None:
    from bot.store.sqlite.copies import is_replicated

    if clean:
        return
    if isinstance(settings.database, str):
        raise click.ClickException(
            "Erased, but the server did not clear away the deleted rows (VACUUM). Run this again; the bot"
            " does it within the hour as well."
        )
    if is_replicated(settings.database):
        # It reads all the time, so that the log is never emptied.
        click.echo(
            "Litestream replicates the database: its replicas hold what was erased until their retention"
            " ends, and so may the database's log while Litestream runs."
        )
    else:
        raise click.ClickException(
            f"Erased, but something else is using {settings.database}, and traces may be left in it."
            " Run this again; stop the bot first if that does not help."
        )


def _prepare(*, needs_keys: bool = True) -> tuple[Settings, Redactor]:
    """Read the settings, and the keys from the command that prints them if there is one; set up the logs."""
    from bot.logs import set_up_logs
    from bot.operating.keys.command import with_fetched_keys
    from bot.providers.base.redaction import Redactor
    from bot.settings import forget_secrets, load_settings, log_format
    from bot.setup_errors import SetupError

    redactor = Redactor()
    try:
        settings = load_settings()
        forget_secrets()
        if needs_keys:
            settings = with_fetched_keys(settings)
    except SetupError as error:
        set_up_logs("INFO", log_format(), redactor)
        _fail(error)
    set_up_logs(settings.log_level, settings.log_format, redactor)
    return settings, redactor


def _fail(error: SetupError) -> NoReturn:
    """End with one line in the format of the logs, which are set up, and with an exit code.

    Only what a supervisor starts tells it whether to do that again.
    """
    from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
    from bot.logs import log_fatal

    exit_code = error.exit_code if click.get_current_context().command is run else 1
    log_fatal(error.key, load_catalog()[DEFAULT_LOCALE](f"setup.{error.key}", **error.values), exit_code)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()

"""Runs the checks: all that can run at the same time do, and what they find comes in the order of the plan.

The order is that in which a start would meet the faults.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pydantic import SecretStr

from bot.operating.doctor import database, discord, machine
from bot.operating.doctor import providers as provider_checks
from bot.operating.doctor import settings as own_settings
from bot.operating.doctor.finding import DoctorCheck, Finding
from bot.operating.doctor.network import Network, open_network
from bot.providers import providers
from bot.providers.base.endpoint import Endpoint
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import MIN_SECRET_LENGTH, Redactor
from bot.settings import Settings, forget_secrets

_Look = Callable[[Settings], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class _Probe:
    """Something that may take time. checks: those that it answers, in the order of its findings."""

    checks: Sequence[DoctorCheck]
    look: _Look


async def examine(*, offline: bool) -> AsyncIterator[Finding]:
    """Yield what each check finds. offline: neither ask another machine nor open the database.

    A check that fails itself is a finding too, and no text holds a secret.
    """
    settings, read = own_settings.read_settings()
    forget_secrets()
    unfetched: Finding | None = None
    if settings is not None:
        settings, unfetched = await asyncio.to_thread(own_settings.fetch_keys, settings, offline=offline)
    redactor = Redactor()
    redactor.keep(() if settings is None else _secrets_of(settings))
    async with contextlib.AsyncExitStack() as stack:
        proxy = None if settings is None else settings.proxy
        network = None if offline else await stack.enter_async_context(open_network(proxy))
        async for finding in _examine(settings, read, unfetched, network):
            facts = redactor.clean_fields(finding.facts)
            text, fix = redactor.clean(finding.text), redactor.clean(finding.fix)
            yield replace(finding, text=text, fix=fix, facts=facts)


async def _examine(
    settings: Settings | None, read: Finding, unfetched: Finding | None, network: Network | None
) -> AsyncIterator[Finding]:
    """unfetched: what came in the way of the encryption keys, None if nothing did."""
    yield read
    keys = _local([own_settings.KEYS], own_settings.examine_keys)
    for findings in (
        await _guarded([own_settings.NAMES], partial(asyncio.to_thread, own_settings.examine_names)),
        await _guarded([own_settings.FILES], partial(asyncio.to_thread, own_settings.examine_files)),
        await _findings_of(keys, settings) if unfetched is None else [unfetched],
        await _findings_of(_local([own_settings.TOKEN], own_settings.examine_token), settings),
    ):
        for finding in findings:
            yield finding
    # By itself: others import the same, and two threads that do so at the same time may see a half of it.
    for finding in await _guarded([machine.LIBRARIES], partial(asyncio.to_thread, machine.examine_libraries)):
        yield finding
    tasks = [asyncio.create_task(_findings_of(probe, settings)) for probe in _plan(network)]
    for task in tasks:
        for finding in await task:
            yield finding


def _plan(network: Network | None) -> Iterator[_Probe]:
    """Yield what runs at the same time. network: None for what needs none."""
    yield _local([machine.MODES], machine.examine_modes)
    yield _local([machine.SPACE], machine.examine_space)
    if network is not None:
        yield _local([machine.PORT], machine.examine_port)
    yield _local([database.FOLDER], database.examine_folder)
    if network is None:
        return
    yield _local([database.PROCESS], database.examine_process)
    yield _local([database.DATABASE, database.KEYS, database.ROWS], database.examine_database)
    yield _local([database.BACKUPS], database.examine_backups)
    asked = [discord.APPLICATION, discord.STARTS, discord.GATEWAY, discord.CLOCK]
    yield _Probe(asked, lambda settings: discord.examine_discord(settings, network))
    yield _local([discord.COMMANDS, discord.LAST_STARTS], discord.examine_last_run)
    for provider in providers():
        for endpoint in provider.endpoints:
            yield _Probe([provider_checks.check_of(endpoint)], _ask(provider, endpoint, network))


def _local(checks: Sequence[DoctorCheck], look: Callable[[Settings], Sequence[Finding]]) -> _Probe:
    return _Probe(checks, lambda settings: asyncio.to_thread(look, settings))


def _ask(provider: type[Provider], endpoint: Endpoint, network: Network) -> _Look:
    async def look(settings: Settings) -> Sequence[Finding]:
        url = settings.endpoints[endpoint.setting]
        return [await provider_checks.examine_endpoint(provider, endpoint, url, network)]

    return look


async def _findings_of(probe: _Probe, settings: Settings | None) -> Sequence[Finding]:
    if settings is None:
        return [check.skipped("the settings cannot be read") for check in probe.checks]
    return await _guarded(probe.checks, partial(probe.look, settings))


async def _guarded(
    checks: Sequence[DoctorCheck], look: Callable[[], Awaitable[Sequence[Finding]]]
) -> Sequence[Finding]:
    try:
        return await look()
    except ImportError as error:
        return [check.skipped(f"{error.name} cannot be imported") for check in checks]
    except Exception as error:  # noqa: BLE001 - the others go on, whatever is wrong with the machine
        text = f"cannot be looked at ({type(error).__name__})"
        return [check.failed(text, "This is a bug in Patchbay; please report it.") for check in checks]


def _secrets_of(settings: Settings) -> Iterator[str]:
    """Return what must be masked: settings that are secret, keys by themselves, passwords in URLs."""
    # The database's address is none as a whole: it is shown without the password.
    names = (name for name in type(settings).model_fields if name != "database_url")
    values = (getattr(settings, name) for name in names)
    for secret in (value.get_secret_value() for value in values if isinstance(value, SecretStr)):
        parts = (part.partition(":")[2] for part in secret.split(","))
        yield from (part for part in (secret, *parts) if len(part) >= MIN_SECRET_LENGTH)
    yield from settings.secrets_in_urls

"""Runs the checks: all that can run at the same time do, and what they find comes in the order of the plan.

The order is that in which a start would meet the faults.
"""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import SecretStr

from bot.operating.doctor import database, discord, machine
from bot.operating.doctor import providers as provider_checks
from bot.operating.doctor import settings as own_settings
from bot.operating.doctor.finding import Check, Finding
from bot.operating.doctor.network import Network, open_network
from bot.providers import providers
from bot.providers.base.endpoint import Endpoint
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.settings import Settings, forget_secrets

_MIN_SECRET: Final = 8
"""Characters; to mask a shorter value would make the findings unreadable."""


async def examine(*, offline: bool) -> AsyncIterator[Finding]:
    """Yield what each check finds. offline: neither ask another machine nor open the database.

    A check that fails itself is a finding too, and no text holds a secret.
    """
    settings, read = own_settings.read_settings()
    forget_secrets()
    keys, *own = _examine_own(settings)
    redactor = Redactor()
    redactor.keep(_secrets_of(settings, keys))
    for finding in (read, own_settings.examine_names(), own_settings.examine_files(), *own):
        yield _masked(finding, redactor)
    # Before two of the following import the same at the same time.
    yield _masked(await asyncio.to_thread(machine.examine_libraries), redactor)
    async with contextlib.AsyncExitStack() as stack:
        proxy = None if settings is None else settings.proxy
        network = None if offline else await stack.enter_async_context(open_network(proxy))
        tasks = [asyncio.create_task(_findings_of(probe, settings)) for probe in _plan(keys, network)]
        for task in tasks:
            for finding in await task:
                yield _masked(finding, redactor)


_Keys = Mapping[str, bytes]
_Look = Callable[[Settings], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class _Probe:
    """Something that takes time. checks: those that it answers, in the order of its findings."""

    checks: Sequence[Check]
    look: _Look


def _examine_own(settings: Settings | None) -> tuple[_Keys, Finding, Finding]:
    if settings is None:
        return {}, own_settings.KEYS.skipped(_UNREAD), own_settings.TOKEN.skipped(_UNREAD)
    keys, found = own_settings.examine_keys(settings)
    return keys, found, own_settings.examine_token(settings)


_UNREAD: Final = "the settings cannot be read"


def _plan(keys: _Keys, network: Network | None) -> Iterator[_Probe]:
    """Yield what is looked at once the settings are read. network: None for what needs none."""
    yield _local([machine.MODES], machine.examine_modes)
    yield _local([machine.SPACE], machine.examine_space)
    if network is not None:
        yield _local([machine.PORT], machine.examine_port)
    yield _local([database.FOLDER], database.examine_folder)
    if network is None:
        return
    yield _local([database.PROCESS], database.examine_process)
    whole = [database.DATABASE, database.KEYS, database.ROWS]
    yield _local(whole, lambda settings: database.examine_database(settings, keys))
    yield _local([database.BACKUPS], database.examine_backups)
    asked = [discord.APPLICATION, discord.STARTS, discord.GATEWAY, discord.CLOCK]
    yield _Probe(asked, lambda settings: discord.examine_discord(settings, network))
    yield _local([discord.COMMANDS, discord.LAST_STARTS], discord.examine_last_run)
    for provider in providers():
        for endpoint in provider.endpoints:
            yield _Probe([provider_checks.check_of(endpoint)], _ask(provider, endpoint, network))


def _local(checks: Sequence[Check], look: Callable[[Settings], Sequence[Finding]]) -> _Probe:
    return _Probe(checks, lambda settings: asyncio.to_thread(look, settings))


def _ask(provider: type[Provider], endpoint: Endpoint, network: Network) -> _Look:
    async def look(settings: Settings) -> Sequence[Finding]:
        url = settings.endpoints[endpoint.setting]
        return [await provider_checks.examine_endpoint(provider, endpoint, url, network)]

    return look


async def _findings_of(probe: _Probe, settings: Settings | None) -> Sequence[Finding]:
    if settings is None:
        return [check.skipped(_UNREAD) for check in probe.checks]
    try:
        return await probe.look(settings)
    except ImportError as error:
        return [check.skipped(f"{error.name} cannot be imported") for check in probe.checks]
    except Exception as error:  # noqa: BLE001 - the others go on, whatever is wrong with the machine
        text, fix = (
            f"cannot be looked at ({type(error).__name__})",
            "This is a bug in Patchbay; please report it.",
        )
        return [check.failed(text, fix) for check in probe.checks]


def _secrets_of(settings: Settings | None, keys: _Keys) -> Iterator[str]:
    for name in () if settings is None else type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and len(value.get_secret_value()) >= _MIN_SECRET:
            yield value.get_secret_value()
    yield from () if settings is None else settings.secrets_in_urls
    yield from (base64.b64encode(key).decode() for key in keys.values())


def _masked(finding: Finding, redactor: Redactor) -> Finding:
    facts = redactor.clean_fields(finding.facts)
    return replace(finding, text=redactor.clean(finding.text), fix=redactor.clean(finding.fix), facts=facts)

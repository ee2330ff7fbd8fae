"""Finds what is wrong with the bot as a whole; what concerns one server is told in that server."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bot.discord.client import PatchbayBot
from bot.discord.sync import SYNC_REFUSAL
from bot.discord.text import clamp, code
from bot.features.handover.budget import IN_ALL
from bot.i18n.catalog import Texts
from bot.operating.backups.folder import BACKUP_GRACE, made_at, newest_backup
from bot.operating.health.readiness import Readiness
from bot.settings import Settings

_HOUR: Final = 3600
_SHOWN: Final = 3
"""How many sentences of one kind are shown."""
_MAX_REASON: Final = 200
_SECONDS: Final = 3.0
"""How long the folder for backups may take to answer: a network's may hang for ever."""
_REFUSAL: Final = ("error", "route", "status", "code", "fields")
"""What is shown of commands that Discord did not take."""
_NUMBER: Final = re.compile(r"\d+")


class Faults:
    """Looks everywhere at once. Nothing that it returns names a server, a member or a secret."""

    def __init__(
        self,
        bot: PatchbayBot,
        readiness: Readiness,
        settings: Settings,
        texts: Texts,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """clock: seconds since 1970."""
        self._bot = bot
        self._readiness = readiness
        self._settings = settings
        self._texts = texts
        self._clock = clock
        self._began = clock()
        self._finding: asyncio.Task[Path | None] | None = None

    async def look(self) -> dict[str, str]:
        """Return the text of each fault that there is now, by a key that stays the same while it lasts."""
        found = dict(self._unready())
        found.update(await self._commands())
        if (backup := await self._backup()) is not None:
            found["backup"] = backup
        for name, host in self._bot.services.poller.hosts.items():
            if host.breaker.is_open:
                found[f"host {name}"] = self._texts("operator.host_down", host=code(name))
        if (used := self._bot.services.preflight.budget.used) >= IN_ALL:
            found["requests"] = self._texts("operator.requests", count=used)
        return found

    def _unready(self) -> Iterator[tuple[str, str]]:
        """Yield what keeps the bot from being ready.

        All that is wrong with connections is one fault, and shards that may not identify yet are another.
        """
        waits = [each for each in map(self._bot.starts.waiting, sorted(self._bot.held.ids)) if each]
        shards = list(self._bot.sessions.faults())
        if waits:
            yield "starts", _shown(waits)
        if lost := [each for each in shards if each not in waits]:
            yield "discord", _shown(lost)
        others: defaultdict[str, list[str]] = defaultdict(list)
        for sentence in self._readiness.reasons():
            if sentence not in shards:
                # Since when and how long does not make it another fault.
                others[_NUMBER.sub("0", sentence)].append(sentence)
        for key, sentences in others.items():
            yield key, _shown(sentences)

    async def _commands(self) -> Iterable[tuple[str, str]]:
        refused = await self._bot.state.get(SYNC_REFUSAL)
        if not refused:
            return ()
        reason = ", ".join(str(refused[name]) for name in _REFUSAL if name in refused)
        return (("commands", self._texts("operator.commands", reason=clamp(reason, _MAX_REASON))),)

    async def _backup(self) -> str | None:
        """Return that the scheduled backup is missing, None if it is not."""
        folder, now = self._settings.backup_folder, self._clock()
        if folder is None or now - self._began < BACKUP_GRACE:
            return None
        if self._finding is None or self._finding.done():  # else one that hangs takes up a thread already
            self._finding = asyncio.create_task(asyncio.to_thread(newest_backup, folder))
        await asyncio.wait((self._finding,), timeout=_SECONDS)
        if not self._finding.done():
            return self._texts("operator.silent_backups")
        newest = self._finding.result()
        hours = self._settings.backup_hours
        if newest is None:
            return self._texts("operator.no_backup")
        made = made_at(newest)
        if now - made < hours * _HOUR + BACKUP_GRACE:
            return None
        return self._texts("operator.old_backup", time=f"<t:{int(made)}:f>", hours=hours)


def _shown(sentences: Sequence[str]) -> str:
    more = len(sentences) - _SHOWN
    return " ".join([*sentences[:_SHOWN], *([f"(+{more})"] if more > 0 else [])])

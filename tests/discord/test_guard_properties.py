"""What the guard decides while Discord's word is old or missing, and whose share of reads is used up."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.guard import Guard, ServedGuilds, Use, needs
from bot.discord.overrides import Overrides
from bot.errors import BusyError, CooldownError, DiscordSilentError, NotAllowedError
from bot.features.access.store import Grant
from bot.features.access.tier import Tier

GUILD, CHANNEL, COMMAND, APPLICATION = 100, 300, 400, 500
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
MEMBER_READS, GUILD_READS, SECONDS = 4, 6, 60.0
PERMISSIONS: Final[Mapping[str, discord.Permissions]] = {
    "administrators": discord.Permissions(administrator=True, manage_guild=True),
    "managers": discord.Permissions(manage_guild=True),
    "others": discord.Permissions(moderate_members=True),
}
"""By share: who has it. All of them may use what is for viewers."""
USES = st.lists(
    st.tuples(
        st.sampled_from(list(PERMISSIONS)), st.integers(1, 3), st.floats(0, 20), st.sampled_from([0, 1])
    ),
    max_size=60,
)
"""Whose share, which of its members, seconds since the use before, and in which server."""


class NobodyWasGranted:
    """Nobody has a tier besides what their permissions give."""

    async def tier_of(self, *_: object) -> Tier:
        """Return none."""
        return Tier.NONE

    async def of_guild(self, *_: object) -> list[Grant]:
        """Return none."""
        return []


class NobodyCanTell(NobodyWasGranted):
    """The database does not say who was granted what."""

    async def tier_of(self, *_: object) -> Tier:
        """Raise BusyError."""
        raise BusyError(reason="database is locked")


class Answers:
    """Discord's route for permissions: gives what it is told to, or fails."""

    def __init__(self) -> None:
        self.given: Sequence[tuple[int, bool]] | None = ()

    async def get_guild_application_command_permissions(self, *_: int) -> list[dict[str, Any]]:
        """Return the entries for the command. Raises OSError."""
        if self.given is None:
            raise OSError
        entries = [{"id": str(who), "type": 2, "permission": is_allowed} for who, is_allowed in self.given]
        return [{"id": str(COMMAND), "permissions": entries}]


def command_for(tier: Tier) -> Any:  # noqa: ANN401 - discord.py's
    """Return a command that is for a tier."""

    @needs(tier)
    @discord.app_commands.command(name="probe", description="Probe")
    async def probe(_: discord.Interaction[Any]) -> None: ...

    return probe


def press(
    http: Answers,
    permissions: discord.Permissions,
    *,
    member: int = 7,
    guild: int = GUILD,
    at: datetime = BEGIN,
) -> Any:  # noqa: ANN401 - discord.py's
    """Return what a press of a button looks like to the guard."""
    return SimpleNamespace(
        guild_id=guild,
        application_id=APPLICATION,
        channel=None,
        channel_id=CHANNEL,
        command=None,
        created_at=at,
        extras={},
        permissions=permissions,
        type=discord.InteractionType.component,
        user=SimpleNamespace(id=member),
        client=SimpleNamespace(http=http, get_guild=lambda _: object()),
    )


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run one example in a loop of its own."""
    asyncio.run(work)


@given(USES)
def test_no_share_of_reads_is_used_up_by_another(uses: list[tuple[str, int, float, int]]) -> None:
    """A read is refused exactly if its member or its own share of its own server has had its number."""

    async def work() -> None:
        access: Any = NobodyWasGranted()
        guard = Guard(
            access,
            Overrides(),
            ServedGuilds(),
            member_reads=(MEMBER_READS, SECONDS),
            guild_reads=(GUILD_READS, SECONDS),
        )
        model = {
            MEMBER_READS: dict[object, tuple[float, int]](),
            GUILD_READS: dict[object, tuple[float, int]](),
        }
        http, command, now = Answers(), command_for(Tier.VIEWER), 0.0

        def is_taken(most: int, key: object) -> bool:
            began, count = model[most].get(key, (now, 0))
            if now > began + SECONDS:
                began, count = now, 0
            model[most][key] = (began if count else now, min(count + 1, most))
            return count < most

        for share, number, pause, server in uses:
            now += pause
            member, guild = hash((share, number)), GUILD + server
            interaction = press(
                http, PERMISSIONS[share], member=member, guild=guild, at=BEGIN + timedelta(seconds=now)
            )
            expected = is_taken(MEMBER_READS, (guild, member)) and is_taken(GUILD_READS, (guild, share))
            try:
                await guard.check(interaction, command, COMMAND, Use(changes=False))
            except CooldownError:
                assert not expected
            else:
                assert expected

    run(work())


@given(
    st.lists(st.sampled_from(["answers", "fails", "forgotten", "denied", "allowed", "unset"]), max_size=12),
    st.sampled_from(list(Tier)),
    st.sampled_from(["managers", "others", "nobody"]),
    st.booleans(),
)
def test_what_is_not_known_decides_no_change(
    events: list[str], needed: Tier, who: str, changes: bool
) -> None:
    """Discord's last answer counts, however old; without one reads go by the tier, changes are refused."""

    async def work() -> None:
        access: Any = NobodyWasGranted()
        guard, http = Guard(access, overrides := Overrides(), ServedGuilds()), Answers()
        set_now: bool | None = None
        is_up, known = True, False
        last: bool | None = None
        for event in events:
            match event:
                case "answers" | "fails":
                    is_up = event == "answers"
                case "forgotten":
                    overrides._kept.clear()
                    known = False
                case _:
                    set_now = {"denied": False, "allowed": True, "unset": None}[event]
            http.given = (() if set_now is None else ((7, set_now),)) if is_up else None
            for kept in overrides._kept.values():
                kept.fresh_until = kept.retry_at = 0.0  # whatever was kept is stale
            permissions = PERMISSIONS.get(who, discord.Permissions.none())
            interaction = press(http, permissions)
            tier = {"managers": Tier.MANAGER, "others": Tier.VIEWER, "nobody": Tier.NONE}[who]
            if is_up:
                known, last = True, set_now
            outcome: type[Exception] | None = None
            try:
                await guard.check(interaction, command_for(needed), COMMAND, Use(changes=changes))
            except (DiscordSilentError, NotAllowedError) as refused:
                outcome = type(refused)
            by_tier: type[Exception] | None = None if tier >= needed else NotAllowedError
            if known:
                expected: type[Exception] | None
                expected = by_tier if last is None else None if last else NotAllowedError
            else:
                expected = DiscordSilentError if changes else by_tier
            assert outcome is expected, (event, needed, who)

    run(work())


@pytest.mark.parametrize("changes", [True, False])
async def test_a_command_that_discord_does_not_know_is_as_silent(changes: bool) -> None:
    """Without the command's id nothing can be asked: the same holds."""
    access: Any = NobodyWasGranted()
    guard = Guard(access, Overrides(), ServedGuilds())
    interaction = press(Answers(), PERMISSIONS["managers"])
    check = guard.check(interaction, command_for(Tier.MANAGER), None, Use(changes=changes))
    if changes:
        with pytest.raises(DiscordSilentError):
            await check
    else:
        await check


@pytest.mark.parametrize("who", [*PERMISSIONS, "nobody"])
@pytest.mark.parametrize("needed", list(Tier))
async def test_no_grant_is_read_for_who_needs_none(who: str, needed: Tier) -> None:
    """Whoever has by permission what a command needs is let in although no grant can be read."""
    access: Any = NobodyCanTell()
    guard = Guard(access, Overrides(), ServedGuilds())
    permissions = PERMISSIONS.get(who, discord.Permissions.none())
    has = {"nobody": Tier.NONE, "others": Tier.VIEWER}.get(who, Tier.MANAGER)
    check = guard.check(press(Answers(), permissions), command_for(needed), COMMAND, Use(changes=False))
    if has >= needed:
        await check
    else:
        with pytest.raises(BusyError):
            await check

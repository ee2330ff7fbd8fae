"""Connections: tried before they are stored, kept when a rotation fails, never another guild's."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import (
    ConnectionChoiceError,
    ConnectionExistsError,
    EnteredCredentialsRefusedError,
    ForbiddenError,
    InvalidInputError,
    NoConnectionError,
    NoSuchConnectionError,
    NotFoundError,
    PatchbayError,
    ProviderError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
    UnreachableError,
    UnreadableSecretError,
)
from bot.kit.redaction import MASK, Redactor
from bot.kit.simulator import Answer, Reset, Slow
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.runtime.credentials import CredentialButton
from bot.services.connections import ConnectionService, Summary, read_name
from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.vault import Place, Vault
from cogs.sensay.forms import ConnectButton
from cogs.toolzz.status import RefreshButton
from tests.services.pace import Clock, Held

GUILD, OTHER_GUILD, MEMBER = 1102345678901234567, 1102345678901234568, 298765432109870001
SENSAY, TOOLZZ = SensaySimulator.credentials, ToolzzSimulator.credentials


async def add(
    service: ConnectionService,
    provider: str = "sensay",
    name: str = "default",
    values: Mapping[str, str] | None = None,
    guild_id: int = GUILD,
) -> Summary:
    """Add a connection, with the credentials that its simulator accepts unless others are given."""
    values = values or {"sensay": SENSAY, "toolzz": TOOLZZ}[provider]
    return await service.add(guild_id, provider, name, values, member_id=MEMBER)


async def doubt(service: ConnectionService, sensay: SensaySimulator, status: int = 401) -> bool:
    """Look into a refusal by Sensay, which refuses everything meanwhile."""
    connection = await service.open(GUILD, "sensay")
    sensay.fail(Answer(status), times=None)
    try:
        return await service.refused(connection)
    finally:
        sensay.heal()


class TestAdd:
    """What ``add`` does before and after it stores."""

    async def test_what_was_accepted_can_be_opened(self, service: ConnectionService, clock: Clock) -> None:
        """Accepted credentials are stored and come back whole; the summary tells who, when and what."""
        summary = await add(service)
        assert dict((await service.open(GUILD, "sensay")).credentials) == SENSAY
        assert summary == Summary(
            "sensay", "default", "0001", ("organization_secret",), MEMBER, int(clock.now), int(clock.now)
        )
        assert await service.summaries(GUILD) == [summary]

    async def test_credentials_are_tried_before_they_are_stored(
        self, service: ConnectionService, store: ConnectionStore, sensay: SensaySimulator
    ) -> None:
        """While the provider has not answered, nothing is stored."""
        sensay.fail(held := Held())
        adding = asyncio.create_task(add(service))
        await held.arrived.wait()
        assert await store.of_guild(GUILD) == []
        held.let_go.set()
        await adding
        assert len(await store.of_guild(GUILD)) == 1

    async def test_refused_credentials_are_not_stored(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """401 from the provider reaches the caller, and no row is made."""
        with pytest.raises(EnteredCredentialsRefusedError):
            await add(service, values=SensaySimulator.refused_credentials)
        with pytest.raises(EnteredCredentialsRefusedError):
            await add(service, "toolzz", values=ToolzzSimulator.refused_credentials)
        assert await store.of_guild(GUILD) == []

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Answer(500), ServerFaultError),
            (Answer(429), RateLimitedError),
            (Answer(404), NotFoundError),
            (Reset(), UnreachableError),
            (Answer.html(200), ProviderError),
        ],
    )
    async def test_what_could_not_be_tried_is_not_stored(
        self,
        service: ConnectionService,
        store: ConnectionStore,
        sensay: SensaySimulator,
        fault: Answer | Reset,
        error: type[ProviderError],
    ) -> None:
        """Without a clear yes there is no row, however the provider fails."""
        sensay.fail(fault, times=None)
        with pytest.raises(error):
            await add(service)
        assert await store.of_guild(GUILD) == []

    async def test_what_cannot_be_right_is_not_even_tried(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """Values that break a rule are refused before anything is sent."""
        for values in ({}, {"organization_secret": "two words"}, {**SENSAY, "user_id_type": "fax"}):
            with pytest.raises(InvalidInputError):
                await service.add(GUILD, "sensay", "default", values, member_id=MEMBER)
        with pytest.raises(InvalidInputError, match="invalid_input"):
            await service.add(GUILD, "fax", "default", SENSAY, member_id=MEMBER)
        assert len(sensay.requests) == 0

    async def test_a_taken_name_is_refused_before_the_provider_is_asked(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """A second connection of one name is refused at once, and the first one stays."""
        await add(service, values={**SENSAY, "user_id": SensaySimulator.OWNER})
        asked = len(sensay.requests)
        with pytest.raises(ConnectionExistsError) as caught:
            await add(service)
        assert caught.value.values == {"provider": "sensay", "name": "default"}
        assert len(sensay.requests) == asked
        assert "user_id" in (await service.open(GUILD, "sensay")).credentials

    async def test_of_two_at_once_one_wins(self, service: ConnectionService, sensay: SensaySimulator) -> None:
        """Two members who add the same name at the same time: one is told that it exists."""
        sensay.fail(Slow(0.1), times=2)
        results = await asyncio.gather(add(service), add(service), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ConnectionExistsError", "Summary"]
        assert len(await service.summaries(GUILD)) == 1

    async def test_a_name_is_stored_as_it_is_looked_up(self, service: ConnectionService) -> None:
        """Capital letters and blanks around a name do not make a connection that cannot be found again."""
        assert (await add(service, name=" Main ")).name == "main"
        assert (await service.open(GUILD, "sensay", "MAIN")).name == "main"

    async def test_names_are_free_per_provider(self, service: ConnectionService) -> None:
        """The same name can be used with both providers, and is listed once."""
        await add(service, "sensay")
        await add(service, "toolzz")
        assert await service.names(GUILD) == ["default"]


class TestRotate:
    """What ``rotate`` keeps and replaces."""

    async def test_new_credentials_take_the_place_of_the_old(
        self, service: ConnectionService, clock: Clock
    ) -> None:
        """Accepted ones replace the stored ones, with who and when."""
        await add(service)
        clock.now += 60
        values = {**SENSAY, "user_id": SensaySimulator.OWNER}
        summary = await service.rotate(GUILD, "sensay", "default", values, member_id=5)
        assert (summary.set_by, summary.set_at, summary.verified_at) == (5, int(clock.now), int(clock.now))
        assert dict((await service.open(GUILD, "sensay")).credentials) == values

    async def test_a_failed_rotation_keeps_the_old_ones(
        self, service: ConnectionService, store: ConnectionStore, sensay: SensaySimulator
    ) -> None:
        """Refused, invalid or not tried: the row is the same to the byte, and needs attention as before."""
        await add(service)
        assert await doubt(service, sensay)
        before = await store.of_guild(GUILD)
        with pytest.raises(EnteredCredentialsRefusedError):
            await service.rotate(GUILD, "sensay", "default", sensay.refused_credentials, member_id=MEMBER)
        with pytest.raises(InvalidInputError):
            await service.rotate(GUILD, "sensay", "default", {}, member_id=MEMBER)
        for fault, error in ((Answer(503), ServerFaultError), (Answer(403), ForbiddenError)):
            sensay.fail(fault)
            with pytest.raises(error):
                await service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER)
        sensay.fail(held := Held())
        rotating = asyncio.create_task(service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER))
        await held.arrived.wait()
        rotating.cancel()
        await asyncio.wait([rotating])
        assert await store.of_guild(GUILD) == before
        assert before[0].refused_at is not None

    async def test_a_rotation_does_not_bring_back_what_was_removed(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """Removed while the form was open: the rotation is refused and nothing is stored."""
        await add(service)
        sensay.fail(held := Held())
        rotating = asyncio.create_task(service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER))
        await held.arrived.wait()
        await service.remove(GUILD, "sensay", "default")
        held.let_go.set()
        with pytest.raises(NoSuchConnectionError):
            await rotating
        assert await service.summaries(GUILD) == []


class TestTest:
    """What ``test`` notes."""

    async def test_a_good_check_is_noted(self, service: ConnectionService, clock: Clock) -> None:
        """The time of the check moves, the time of the credentials does not."""
        set_at = (await add(service)).set_at
        clock.now += 3600
        summary = await service.test(GUILD, "sensay", None)
        assert (summary.set_at, summary.verified_at) == (set_at, set_at + 3600)
        assert await service.summaries(GUILD) == [summary]

    async def test_a_bad_check_is_not_noted(
        self, service: ConnectionService, sensay: SensaySimulator, clock: Clock
    ) -> None:
        """When the provider refuses, the last good check stays what it was."""
        before = await add(service)
        clock.now += 3600
        sensay.fail(Answer(401))
        with pytest.raises(UnauthorizedError) as caught:
            await service.test(GUILD, "sensay", None)
        assert caught.type is UnauthorizedError  # stored ones: another way out than for entered ones
        assert await service.summaries(GUILD) == [before]


class TestOpen:
    """Which connection a command means."""

    async def test_the_only_one_needs_no_name(self, service: ConnectionService) -> None:
        """A guild with one connection to a provider is not asked which, whatever its name is."""
        await add(service, name="main")
        await add(service, "toolzz", name="other")
        assert (await service.open(GUILD, "sensay")).name == "main"

    async def test_among_several_default_is_meant(self, service: ConnectionService) -> None:
        """Without a name it is the one named default, with a name it is that one."""
        for name in ("a", "default", "z"):
            await add(service, name=name)
        assert (await service.open(GUILD, "sensay")).name == "default"
        assert (await service.open(GUILD, "sensay", " Z ")).name == "z"

    async def test_among_several_without_default_one_has_to_be_named(
        self, service: ConnectionService
    ) -> None:
        """The error lists the names to choose from."""
        for name in ("b", "a"):
            await add(service, name=name)
        with pytest.raises(ConnectionChoiceError) as caught:
            await service.open(GUILD, "sensay")
        assert caught.value.values == {"provider": "sensay", "names": "a, b"}

    async def test_what_is_not_there_is_told_apart(self, service: ConnectionService) -> None:
        """No connection at all, none of this name, and an impossible name are errors of their own."""
        with pytest.raises(NoConnectionError) as caught:
            await service.open(GUILD, "sensay")
        assert caught.type is NoConnectionError
        assert caught.value.values == {"provider": "sensay"}
        await add(service)
        with pytest.raises(NoSuchConnectionError) as caught:
            await service.open(GUILD, "sensay", "other")
        assert caught.value.values == {"provider": "sensay", "name": "other"}
        with pytest.raises(InvalidInputError):
            await service.open(GUILD, "sensay", "../other")

    async def test_another_guilds_connection_is_out_of_reach(self, service: ConnectionService) -> None:
        """Guild 2 can neither open, test, rotate, remove nor list what guild 1 has."""
        before = await add(service)
        for attempt in (
            service.open(OTHER_GUILD, "sensay", "default"),
            service.test(OTHER_GUILD, "sensay", "default"),
            service.rotate(OTHER_GUILD, "sensay", "default", SENSAY, member_id=MEMBER),
            service.remove(OTHER_GUILD, "sensay", "default"),
        ):
            with pytest.raises(NoSuchConnectionError):
                await attempt
        assert await service.summaries(OTHER_GUILD) == []
        assert await service.names(OTHER_GUILD) == []
        assert await service.summaries(GUILD) == [before]

    async def test_the_secret_is_not_shown_by_what_is_opened(self, service: ConnectionService) -> None:
        """The repr of an opened connection, of a row and of a summary hold no secret."""
        summary = await add(service)
        opened, row = await service.open(GUILD, "sensay"), await service.find(GUILD, "sensay", None)
        assert SENSAY["organization_secret"] not in f"{opened!r} {row!r} {summary!r}"


class TestUnreadable:
    """Rows whose secret does not open."""

    async def spoil(self, store: ConnectionStore, row: ConnectionRow, secret: bytes) -> None:
        """Put other bytes into a row, as somebody with the file in hands could."""
        await store.replace_secret(replace(row, secret=secret))

    async def test_a_row_that_was_tampered_with_is_listed_as_unreadable(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """One flipped bit: that row is listed without a hint, the others work, and opening it says why."""
        for name in ("a", "b"):
            await add(service, name=name)
        row = await service.find(GUILD, "sensay", "a")
        await self.spoil(store, row, row.secret[:-1] + bytes([row.secret[-1] ^ 1]))
        spoilt, good = await service.summaries(GUILD)
        assert (spoilt.name, spoilt.readable, spoilt.hint, spoilt.fields) == ("a", False, "", ())
        assert (good.name, good.readable, good.hint) == ("b", True, "0001")
        assert dict((await service.open(GUILD, "sensay", "b")).credentials) == SENSAY
        with pytest.raises(UnreadableSecretError):
            await service.open(GUILD, "sensay", "a")

    async def test_a_row_copied_from_another_guild_does_not_open(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """Somebody else's ciphertext under one's own name is listed as unreadable and gives nothing away."""
        await add(service, guild_id=OTHER_GUILD)
        stolen = await service.find(OTHER_GUILD, "sensay", None)
        await store.insert(replace(stolen, guild_id=GUILD))
        await store.insert(replace(stolen, guild_id=GUILD, name="second"))
        assert [summary.readable for summary in await service.summaries(GUILD)] == [False, False]
        with pytest.raises(UnreadableSecretError):
            await service.open(GUILD, "sensay")
        with pytest.raises(UnreadableSecretError):
            await service.test(GUILD, "sensay", "second")

    async def test_an_unreadable_one_can_be_rotated_and_removed(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """What cannot be read is mended by new credentials, or forgotten."""
        for name in ("a", "b"):
            await add(service, name=name)
            await self.spoil(store, await service.find(GUILD, "sensay", name), b"")
        await service.rotate(GUILD, "sensay", "a", SENSAY, member_id=MEMBER)
        await service.remove(GUILD, "sensay", "b")
        assert [(summary.name, summary.readable) for summary in await service.summaries(GUILD)] == [
            ("a", True)
        ]


async def test_removing_forgets(service: ConnectionService, tmp_path: Path) -> None:
    """A removed connection is gone, a second removal says so, and its neighbour stays."""
    await add(service, name="a")
    await add(service, name="b")
    await service.remove(GUILD, "sensay", "a")
    with pytest.raises(NoSuchConnectionError):
        await service.remove(GUILD, "sensay", "a")
    assert await service.names(GUILD, "sensay") == ["b"]
    assert await service.names(GUILD, "toolzz") == []


async def test_no_credential_is_in_the_database_file(service: ConnectionService, tmp_path: Path) -> None:
    """Neither database nor write-ahead log holds a byte sequence of what was typed."""
    await add(service, values={**SENSAY, "user_id": SensaySimulator.OWNER})
    await add(service, "toolzz")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    typed = [*SENSAY.values(), *TOOLZZ.values(), SensaySimulator.OWNER]
    assert b"default" in stored
    assert [value for value in typed if value.encode() in stored] == []


async def test_what_was_typed_is_masked_from_then_on(service: ConnectionService, redactor: Redactor) -> None:
    """Even a refused secret is known to the redactor, without the blanks around it; other fields are not."""
    values = {
        "organization_secret": "  FAKE-TOKEN-refused-secret ",
        "user_id": "northwind",
        "user_id_type": "discord",
    }
    with pytest.raises(PatchbayError):
        await add(service, values=values)
    assert redactor.clean("sent <FAKE-TOKEN-refused-secret>") == f"sent <{MASK}>"
    assert redactor.clean("northwind on discord") == "northwind on discord"


@pytest.mark.parametrize(
    ("secret", "hint"),
    [("x" * 15, ""), ("x" * 12 + "abcd", "abcd"), ("1", ""), ("FAKE-TOKEN-" + "y" * 60 + "wxyz", "wxyz")],
)
async def test_only_a_long_secret_gives_a_hint(
    service: ConnectionService, store: ConnectionStore, vault: Vault, secret: str, hint: str
) -> None:
    """The last four characters are shown from sixteen on, and nothing of a shorter secret."""
    sealed = vault.seal(
        {"organization_secret": secret, "user_id": "northwind-of-the-harbour"}, Place(GUILD, "sensay", "a")
    )
    await store.insert(ConnectionRow(GUILD, "sensay", "a", sealed, MEMBER, 1, 1))
    (summary,) = await service.summaries(GUILD)
    assert (summary.hint, summary.fields) == (hint, ("organization_secret", "user_id"))


@given(st.text(max_size=30) | st.from_regex(r"\s*[A-Za-z0-9_-]{1,21}\s*", fullmatch=True))
@example("İ" * 5)
@example("٣")
@example("a\n")
def test_an_accepted_name_fits_a_buttons_custom_id(text: str) -> None:
    """Whatever is accepted as a name is found again in buttons' ids, which have 100 characters at most."""
    try:
        name = read_name(text)
    except InvalidInputError as error:
        assert error.field == "name"  # noqa: PT017 - most texts are refused
        return
    assert read_name(name) == name
    longest = "a" * 64
    for button, custom_id in (
        (CredentialButton, f"connections:rotate:{'p' * 32}:{name}"),
        (ConnectButton, f"sensay:connect:{name}:{SensaySimulator.ACTIVE}"),
        (RefreshButton, f"toolzz:status:{name}:{longest}"),
    ):
        match = button.__discord_ui_compiled_template__.fullmatch(custom_id)
        assert match is not None
        assert name in match.groups()
        assert len(custom_id) <= 100


@pytest.mark.parametrize("text", ["", " ", "-a", "_a", "a b", "a:b", "ação", "a" * 21, "a\x00", "../a"])
def test_an_impossible_name_is_refused(text: str) -> None:
    """Names are 1 to 20 small letters, digits, - and _, and begin with a letter or digit."""
    with pytest.raises(InvalidInputError):
        read_name(text)


def test_no_name_is_the_default_name() -> None:
    """Leaving the option out means `default`."""
    assert read_name(None) == "default"

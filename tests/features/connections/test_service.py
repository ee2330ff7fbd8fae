"""Proves that credentials are verified before they are stored, and that guilds do not reach each other's."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

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
from bot.features.connections.service import ConnectionService, Summary
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.providers.base.current_guild import working_for
from bot.providers.base.redaction import MASK, Redactor
from bot.providers.base.simulator import Answer, Reset, Slow
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from bot.store.vault import Place, Vault
from tests.support.clock import Clock, Held
from tests.support.connections import SENSAY, TOOLZZ, add, report_refusal
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD


class TestAdd:
    """Tests of ``add``."""

    async def test_accepted_credentials_can_be_opened(self, service: ConnectionService, clock: Clock) -> None:
        """They come back unchanged; the summary has the member, the times and the fields."""
        summary = await add(service)
        assert dict((await service.open(GUILD, "sensay")).credentials) == SENSAY
        assert summary == Summary(
            "sensay", "default", "0001", ("organization_secret",), MEMBER, int(clock.now), int(clock.now)
        )
        assert await service.summaries(GUILD) == [summary]

    async def test_credentials_are_verified_before_they_are_stored(
        self, service: ConnectionService, store: ConnectionStore, sensay: SensaySimulator
    ) -> None:
        """Nothing is stored before the provider answers."""
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
        """The provider's 401 is raised, and no row is stored."""
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
            (Answer(404, {"error": "no"}), NotFoundError),
            (Reset(), UnreachableError),
            (Answer.html(200), ProviderError),
        ],
    )
    async def test_credentials_that_could_not_be_verified_are_not_stored(
        self,
        service: ConnectionService,
        store: ConnectionStore,
        sensay: SensaySimulator,
        fault: Answer | Reset,
        error: type[ProviderError],
    ) -> None:
        """No row is stored, however the provider fails."""
        sensay.fail(fault, times=None)
        with pytest.raises(error):
            await add(service)
        assert await store.of_guild(GUILD) == []

    async def test_invalid_values_are_not_sent(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """Values that break a rule are refused before any request."""
        for values in ({}, {"organization_secret": "two words"}, {**SENSAY, "user_id_type": "fax"}):
            with pytest.raises(InvalidInputError):
                await service.add(GUILD, "sensay", "default", values, member_id=MEMBER)
        with pytest.raises(InvalidInputError, match="invalid_input"):
            await service.add(GUILD, "fax", "default", SENSAY, member_id=MEMBER)
        assert len(sensay.requests) == 0

    async def test_a_taken_name_is_refused_before_the_provider_is_asked(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """A second connection with a name is refused at once, and the first one stays."""
        await add(service, values={**SENSAY, "user_id": SensaySimulator.OWNER})
        asked = len(sensay.requests)
        with pytest.raises(ConnectionExistsError) as caught:
            await add(service)
        assert caught.value.values == {"provider": "sensay", "name": "default"}
        assert len(sensay.requests) == asked
        assert "user_id" in (await service.open(GUILD, "sensay")).credentials

    async def test_of_two_adds_at_once_one_wins(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """If two members add the same name at the same time, one of them gets an error."""
        sensay.fail(Slow(0.1), times=2)
        results = await asyncio.gather(add(service), add(service), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ConnectionExistsError", "Summary"]
        assert len(await service.summaries(GUILD)) == 1

    async def test_a_name_is_stored_as_it_is_looked_up(self, service: ConnectionService) -> None:
        """Capital letters and blanks around a name do not matter."""
        assert (await add(service, name=" Main ")).name == "main"
        assert (await service.open(GUILD, "sensay", "MAIN")).name == "main"

    async def test_each_provider_has_its_own_names(self, service: ConnectionService) -> None:
        """Connections with both providers can have the same name, which is listed once."""
        await add(service, "sensay")
        await add(service, "toolzz")
        assert await service.names(GUILD) == ["default"]


class TestRotate:
    """Tests of ``rotate``."""

    async def test_new_credentials_replace_the_old(self, service: ConnectionService, clock: Clock) -> None:
        """Accepted credentials replace the stored ones, with the member and the time."""
        await add(service)
        clock.now += 60
        values = {**SENSAY, "user_id": SensaySimulator.OWNER}
        summary = await service.rotate(GUILD, "sensay", "default", values, member_id=5)
        assert (summary.set_by, summary.set_at, summary.verified_at) == (5, int(clock.now), int(clock.now))
        assert dict((await service.open(GUILD, "sensay")).credentials) == values

    async def test_a_failed_rotation_keeps_the_old_ones(
        self, service: ConnectionService, store: ConnectionStore, sensay: SensaySimulator
    ) -> None:
        """If they are refused, invalid or not verified, the row stays the same, and needs attention as
        before.
        """
        await add(service)
        assert await report_refusal(service, sensay)
        before = await store.of_guild(GUILD)
        with pytest.raises(EnteredCredentialsRefusedError):
            await service.rotate(GUILD, "sensay", "default", sensay.refused_credentials, member_id=MEMBER)
        with pytest.raises(InvalidInputError):
            await service.rotate(GUILD, "sensay", "default", {}, member_id=MEMBER)
        for fault, error in ((Answer(503), ServerFaultError), (Answer(403, {"error": "no"}), ForbiddenError)):
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

    async def test_a_rotation_does_not_bring_a_removed_connection_back(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """If it was removed while the provider verified, the rotation is refused and nothing is stored."""
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
    """Tests of ``test``."""

    async def test_a_successful_test_is_stored(self, service: ConnectionService, clock: Clock) -> None:
        """It changes the time of the verification, not the time of the credentials."""
        set_at = (await add(service)).set_at
        clock.now += 3600
        summary = await service.test(GUILD, "sensay", None)
        assert (summary.set_at, summary.verified_at) == (set_at, set_at + 3600)
        assert await service.summaries(GUILD) == [summary]

    async def test_a_failed_test_is_not_stored(
        self, service: ConnectionService, sensay: SensaySimulator, clock: Clock
    ) -> None:
        """If the provider refuses the credentials, the time of the last verification stays."""
        before = await add(service)
        clock.now += 3600
        sensay.fail(Answer(401, {"error": "no"}))
        with pytest.raises(UnauthorizedError) as caught:
            await service.test(GUILD, "sensay", None)
        assert caught.type is UnauthorizedError  # not the error for credentials that were just entered
        assert await service.summaries(GUILD) == [before]


class TestOpen:
    """Tests of ``open``, which finds the connection that a command means."""

    async def test_the_only_one_needs_no_name(self, service: ConnectionService) -> None:
        """A guild with one connection to a provider need not name it, whatever its name is."""
        await add(service, name="main")
        await add(service, "toolzz", name="other")
        assert (await service.open(GUILD, "sensay")).name == "main"

    async def test_default_is_meant_among_several(self, service: ConnectionService) -> None:
        """No name stands for ``default``; another name stands for itself."""
        for name in ("a", "default", "z"):
            await add(service, name=name)
        assert (await service.open(GUILD, "sensay")).name == "default"
        assert (await service.open(GUILD, "sensay", " Z ")).name == "z"

    async def test_one_of_several_without_default_must_be_named(self, service: ConnectionService) -> None:
        """The error lists the names."""
        for name in ("b", "a"):
            await add(service, name=name)
        with pytest.raises(ConnectionChoiceError) as caught:
            await service.open(GUILD, "sensay")
        assert caught.value.values == {"provider": "sensay", "names": "a, b"}

    async def test_each_kind_of_missing_connection_has_its_error(self, service: ConnectionService) -> None:
        """No connection, no connection with this name, and an invalid name have different errors."""
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
        """A guild can neither open, test, rotate, remove nor list another guild's connection."""
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

    async def test_no_repr_shows_the_secret(self, service: ConnectionService) -> None:
        """This concerns opened connections, rows and summaries."""
        summary = await add(service)
        opened, row = await service.open(GUILD, "sensay"), await service.find(GUILD, "sensay", None)
        assert SENSAY["organization_secret"] not in f"{opened!r} {row!r} {summary!r}"


class TestUnreadable:
    """Tests of rows whose secret cannot be decrypted."""

    async def test_a_changed_row_is_listed_as_unreadable(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """A row with a flipped bit is listed without a hint and cannot be opened; the others work."""
        for name in ("a", "b"):
            await add(service, name=name)
        row = await service.find(GUILD, "sensay", "a")
        changed = row.secret[:-1] + bytes([row.secret[-1] ^ 1])
        await store.replace_secret(replace(row, secret=changed))
        spoilt, good = await service.summaries(GUILD)
        assert (spoilt.name, spoilt.readable, spoilt.hint, spoilt.fields) == ("a", False, "", ())
        assert (good.name, good.readable, good.hint) == ("b", True, "0001")
        assert dict((await service.open(GUILD, "sensay", "b")).credentials) == SENSAY
        with pytest.raises(UnreadableSecretError):
            await service.open(GUILD, "sensay", "a")

    async def test_a_row_copied_from_another_guild_does_not_open(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """Another guild's ciphertext is listed as unreadable, under any name."""
        await add(service, guild_id=OTHER_GUILD)
        stolen = await service.find(OTHER_GUILD, "sensay", None)
        await store.insert(replace(stolen, guild_id=GUILD))
        await store.insert(replace(stolen, guild_id=GUILD, name="second"))
        assert [summary.readable for summary in await service.summaries(GUILD)] == [False, False]
        with pytest.raises(UnreadableSecretError):
            await service.open(GUILD, "sensay")
        with pytest.raises(UnreadableSecretError):
            await service.test(GUILD, "sensay", "second")

    async def test_an_unreadable_connection_can_be_rotated_and_removed(
        self, service: ConnectionService, store: ConnectionStore
    ) -> None:
        """New credentials make it readable again."""
        for name in ("a", "b"):
            await add(service, name=name)
            row = await service.find(GUILD, "sensay", name)
            await store.replace_secret(replace(row, secret=b""))
        await service.rotate(GUILD, "sensay", "a", SENSAY, member_id=MEMBER)
        await service.remove(GUILD, "sensay", "b")
        assert [(summary.name, summary.readable) for summary in await service.summaries(GUILD)] == [
            ("a", True)
        ]


async def test_a_removed_connection_is_gone(service: ConnectionService) -> None:
    """A second removal raises an error, and other connections stay."""
    await add(service, name="a")
    await add(service, name="b")
    await service.remove(GUILD, "sensay", "a")
    with pytest.raises(NoSuchConnectionError):
        await service.remove(GUILD, "sensay", "a")
    assert await service.names(GUILD, "sensay") == ["b"]
    assert await service.names(GUILD, "toolzz") == []


@pytest.mark.sqlite
async def test_no_credential_is_in_the_database_file(service: ConnectionService, tmp_path: Path) -> None:
    """Neither the database nor its write-ahead log contains any value that was entered."""
    await add(service, values={**SENSAY, "user_id": SensaySimulator.OWNER})
    await add(service, "toolzz")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    typed = [*SENSAY.values(), *TOOLZZ.values(), SensaySimulator.OWNER]
    assert b"default" in stored
    assert [value for value in typed if value.encode() in stored] == []


async def test_an_accepted_secret_is_masked_for_its_guild_alone(
    service: ConnectionService, redactor: Redactor
) -> None:
    """What a member has typed and the provider refused is masked for nobody afterwards."""
    refused = {
        "organization_secret": "provider_failed",
        "user_id": "northwind",
        "user_id_type": "discord",
    }
    with pytest.raises(PatchbayError):
        await add(service, values=refused)
    await add(service)
    secret = (await service.open(GUILD, "sensay")).credentials["organization_secret"]
    with working_for(GUILD):
        assert redactor.clean("provider_failed for northwind") == "provider_failed for northwind"
        assert redactor.clean(f"sent <{secret}>") == f"sent <{MASK}>"
    with working_for(GUILD + 1):
        assert redactor.clean(f"sent <{secret}>") == f"sent <{secret}>"


async def test_a_removed_secret_is_masked_for_an_hour_more(
    service: ConnectionService, redactor: Redactor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests with it may be under way; later nothing of it is in memory. What is in use stays masked."""
    monkeypatch.setattr(redactor, "_clock", clock)
    await add(service)
    await add(service, "toolzz")
    removed, kept = SENSAY["organization_secret"], TOOLZZ["access_token"]
    await service.remove(GUILD, "sensay", "default")
    with working_for(GUILD):
        for _ in range(2):
            clock.now += 1800
            await service.summaries(GUILD)
            assert redactor.clean(f"<{removed}> <{kept}>") == f"<{MASK}> <{MASK}>"
        clock.now += 1
        assert redactor.clean(f"<{removed}> <{kept}>") == f"<{removed}> <{MASK}>"
    assert repr(redactor) == "<Redactor of 1 values>"


@pytest.mark.parametrize(
    ("secret", "hint"),
    [("x" * 15, ""), ("x" * 12 + "abcd", "abcd"), ("1", ""), ("FAKE-TOKEN-" + "y" * 60 + "wxyz", "wxyz")],
)
async def test_only_a_long_secret_gives_a_hint(
    service: ConnectionService, store: ConnectionStore, vault: Vault, secret: str, hint: str
) -> None:
    """The last four characters of a secret with sixteen or more are shown, and nothing of a shorter one."""
    sealed = vault.seal(
        {"organization_secret": secret, "user_id": "northwind-of-the-harbour"}, Place(GUILD, "sensay", "a", 1)
    )
    await store.insert(ConnectionRow(GUILD, "sensay", "a", sealed, MEMBER, 1, 1))
    (summary,) = await service.summaries(GUILD)
    assert (summary.hint, summary.fields) == (hint, ("organization_secret", "user_id"))

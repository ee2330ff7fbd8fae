"""A value in the wrong field reaches no provider, no table and no log."""

from pathlib import Path

import pytest

from bot.errors import InvalidInputError
from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.providers.base.current_guild import working_for
from bot.providers.base.redaction import MASK, Redactor
from bot.providers.base.simulator import made_up_token
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.connections import SENSAY, TOOLZZ, add
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

KEY = "0123456789abcdef" * 4
DISCORD_TOKEN = made_up_token("1209876543210987654", "00000000")
SECRETS = {"sensay": "organization_secret", "toolzz": "access_token"}


async def refused(service: ConnectionService, provider: str, values: dict[str, str]) -> InvalidInputError:
    """Return the error with which values are refused."""
    with pytest.raises(InvalidInputError) as caught:
        await service.add(GUILD, provider, "second", values, member_id=MEMBER)
    return caught.value


@pytest.mark.parametrize("provider", SECRETS)
@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (DISCORD_TOKEN, "misplaced_token"),
        ("1209876543210987654", "misplaced_application_id"),
        (KEY, "misplaced_public_key"),
    ],
)
async def test_what_is_discords_is_not_sent(
    service: ConnectionService,
    store: ConnectionStore,
    sensay: SensaySimulator,
    toolzz: ToolzzSimulator,
    tmp_path: Path,
    provider: str,
    value: str,
    rule: str,
) -> None:
    """A bot token, an application id and a public key get neither to a provider nor into the database."""
    error = await refused(service, provider, {SECRETS[provider]: f"Bearer {value}"})
    assert error.field == rule
    assert value not in f"{error!r} {error.values}"
    assert not sensay.requests
    assert not toolzz.requests
    assert await store.of_guild(GUILD) == []
    assert value.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("around", ["{}", '"{}"', "Bearer {}", "X-ORGANIZATION-SECRET: {}", "export KEY={}"])
async def test_a_secret_is_stored_without_its_wrapping(
    service: ConnectionService, sensay: SensaySimulator, redactor: Redactor, around: str
) -> None:
    """What is sent and stored is the secret alone, and the log masks it alone and as it was pasted."""
    secret = SENSAY["organization_secret"]
    await add(service, values={"organization_secret": around.format(secret)})
    assert sensay.requests[-1].headers["X-ORGANIZATION-SECRET"] == secret
    assert (await service.open(GUILD, "sensay")).credentials["organization_secret"] == secret
    with working_for(GUILD):
        assert redactor.clean(f"sent <{secret}>") == f"sent <{MASK}>"
        assert secret not in redactor.clean(around.format(secret))


async def test_a_secret_is_recognised_in_another_providers_field(
    service: ConnectionService, sensay: SensaySimulator, toolzz: ToolzzSimulator
) -> None:
    """What is stored as one provider's secret is not sent to another one, nor as an id."""
    await add(service)
    await add(service, "toolzz")
    toolzz.requests.clear()
    sensay.requests.clear()
    error = await refused(service, "toolzz", {"access_token": f"`{SENSAY['organization_secret']}`"})
    assert (error.field, error.values["input"], error.values["other"], error.values["provider"]) == (
        "misplaced_secret",
        "toolzz.access_token",
        "sensay.organization_secret",
        "sensay",
    )
    for values in (
        {"access_token": TOOLZZ["unit_id"]},
        {"access_token": "FAKE-TOKEN-x", "unit_id": TOOLZZ["access_token"]},
    ):
        assert (await refused(service, "toolzz", values)).field == "misplaced_secret"
    user = {"organization_secret": "FAKE-TOKEN-x", "user_id": SENSAY["organization_secret"]}
    assert (await refused(service, "sensay", user)).field == "misplaced_secret"
    assert not toolzz.requests
    assert not sensay.requests


async def test_a_secret_in_its_own_field_is_right(service: ConnectionService) -> None:
    """A second connection, a rotation and another server may use the same credentials again."""
    await add(service)
    await add(service, name="second")
    await service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER)
    await add(service, guild_id=OTHER_GUILD)
    await add(service, "toolzz")
    assert len(await service.summaries(GUILD)) == 3


async def test_other_servers_secrets_are_not_compared(service: ConnectionService) -> None:
    """Whether a value is another server's secret is not told: it would be refused by the provider itself."""
    await add(service, guild_id=OTHER_GUILD)
    await service.check_not_stored(GUILD, SENSAY["organization_secret"])
    with pytest.raises(InvalidInputError) as caught:
        await service.check_not_stored(OTHER_GUILD, f"Bot {SENSAY['organization_secret']}")
    assert (caught.value.field, caught.value.values["other"]) == (
        "stored_secret",
        "sensay.organization_secret",
    )


async def test_an_unreadable_row_stops_nobody(service: ConnectionService, store: ConnectionStore) -> None:
    """What no key opens cannot be compared, and new credentials are accepted beside it."""
    await add(service)
    await store.delete(GUILD, "sensay", "default")
    await add(service, name="broken")
    row = await service.find(GUILD, "sensay", "broken")
    await store.replace_secret(type(row)(GUILD, "sensay", "broken", b"", MEMBER, 1, 1))
    await add(service)
    await service.check_not_stored(GUILD, "FAKE-TOKEN-x")


class TestWhatLooksLikeAPublicKey:
    """Tests of a secret of 64 hexadecimal digits, which no provider rules out."""

    @pytest.fixture(autouse=True)
    def accepted(self, sensay: SensaySimulator) -> None:
        """Let Sensay's secret have this form."""
        sensay.credentials = {"organization_secret": KEY}  # type: ignore[misc]

    async def test_it_is_questioned_once(self, service: ConnectionService, sensay: SensaySimulator) -> None:
        """Nothing is sent at first; the member who enters it again is believed."""
        values = {"organization_secret": KEY}
        assert (await refused(service, "sensay", values)).field == "misplaced_public_key"
        assert not sensay.requests
        await add(service, name="second", values=values)
        assert (await service.open(GUILD, "sensay")).credentials["organization_secret"] == KEY

    async def test_it_is_believed_of_the_member_who_was_asked(
        self, service: ConnectionService, sensay: SensaySimulator
    ) -> None:
        """Another member, another server and another connection are asked on their own."""
        values = {"organization_secret": KEY}
        await refused(service, "sensay", values)
        for guild_id, name, member in (
            (GUILD, "second", 7),
            (OTHER_GUILD, "second", MEMBER),
            (GUILD, "third", MEMBER),
        ):
            with pytest.raises(InvalidInputError) as caught:
                await service.add(guild_id, "sensay", name, values, member_id=member)
            assert caught.value.field == "misplaced_public_key"
        assert not sensay.requests

    async def test_a_stored_one_shows_that_secrets_look_like_this(self, service: ConnectionService) -> None:
        """Where the provider has accepted such a secret, the next one is not questioned."""
        values = {"organization_secret": KEY}
        await refused(service, "sensay", values)
        await add(service, name="second", values=values)
        await add(service, name="third", values=values)
        assert await service.names(GUILD, "sensay") == ["second", "third"]

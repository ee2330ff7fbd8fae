"""`/sensay disconnect`: what it tells, what it asks, and what it forgets."""

import sqlite3
from contextlib import closing

import pytest
import simcord

from bot.kit.simulator import Answer, Fault, Reset
from bot.providers.sensay.simulator import APPLICATION_ID
from bot.ui.theme import Tone, card
from tests.cogs.handing_over import LIST, TOKEN_WITHOUT_ID, hand_over, remembered
from tests.cogs.town import Town, buttons, embed_of, field, final, labels, shown
from tests.ui.hostile import ATTACKS, marks

PORTAL = f"https://discord.com/developers/applications/{APPLICATION_ID}/bot"
ALL_PORTALS = "https://discord.com/developers/applications"
LOOK = "Look again"
PAUSES = (20, 40, 60, 120, 240, 240)


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the operator have switched the undocumented removal on."""
    monkeypatch.setenv("PATCHBAY_SENSAY_UNDOCUMENTED_DELETE", "true")


async def ask(town: Town, replica: str | None = None) -> simcord.InteractionResult:
    """Have the manager ask how a replica is disconnected."""
    return await town.manager.slash(
        town.channel, "sensay disconnect", replica=replica or town.sensay.UNCONNECTED
    )


async def forget(town: Town, replica: str | None = None) -> simcord.InteractionResult:
    """Have the manager ask and confirm; the outcome is in the question's own message, which is returned."""
    asked = await ask(town, replica)
    pressed = await town.manager.click(final(asked).message, label=labels(asked)[0])
    assert pressed.followups == []
    return asked


async def connected(town: Town, token: str | None = None) -> None:
    """Have the manager connect Sensay and put a replica into the server."""
    await town.connect("sensay")
    await town.manager.autocomplete(town.channel, "sensay connect", "replica", "job")
    await hand_over(town, token=token)
    town.sensay.requests.clear()


def rows(town: Town) -> int:
    """Count what the database has of integrations."""
    with closing(sqlite3.connect(town.database)) as database:
        (count,) = database.execute("SELECT count(*) FROM integration").fetchone()
    return int(count)


def removals(town: Town) -> int:
    """Count the requests that nobody has documented."""
    return len([request for request in town.sensay.requests if request.method == "DELETE"])


def looks(town: Town) -> int:
    """Count how often the list was read."""
    return len([request for request in town.sensay.requests if request.path.startswith(LIST)])


def says(town: Town, result: simcord.InteractionResult, tone: Tone, key: str) -> bool:
    """Tell whether an answer has the title with this key, in the colour that goes with it."""
    embed, expected = embed_of(result), card(tone, town.texts(f"sensay.disconnect.{key}"))
    return (embed.title, embed.colour) == (expected.title, expected.colour)


def listed(town: Town, result: simcord.InteractionResult, state: str) -> bool:
    """Tell whether an answer says that Sensay lists this."""
    shown_state = field(result, town.texts("sensay.disconnect.listed"))
    return shown_state == town.texts(f"sensay.disconnect.state.{state}")


# --- the question ---


async def test_the_question_tells_what_really_stops_the_bot(town: Town) -> None:
    """It says that Sensay has no way, links the bot's own page, and names who connected it here and when."""
    await connected(town)
    asked = await ask(town)
    assert asked.ephemeral
    assert says(town, asked, Tone.WARNING, "ask")
    assert embed_of(asked).description == town.texts("sensay.disconnect.honest")
    assert field(asked, "Replica") == f"Job Applications\n`{town.sensay.UNCONNECTED}`"
    assert field(asked, "How the bot is stopped") == town.texts("sensay.disconnect.how_text", portal=PORTAL)
    row = (await remembered(town))[town.sensay.UNCONNECTED]
    assert field(asked, "What I do when you confirm").splitlines() == [
        f"I forget that <@{town.manager.id}> connected it here <t:{row.placed_at}:R>, and as which bot.",
        town.texts("sensay.disconnect.watch"),
    ]
    assert [item.name for item in embed_of(asked).fields][-1] == "➡️ Next step"
    assert labels(asked) == ["Forget Job Applications", "Keep it", "Developer Portal"]
    assert buttons(asked)[-1]["url"] == PORTAL
    assert not town.sensay.requests


async def test_what_was_not_connected_from_here_can_be_watched(town: Town) -> None:
    """There is nothing to forget then, which is said; the rest is the same."""
    await town.connect("sensay")
    asked = await ask(town, town.sensay.ACTIVE)
    here = field(asked, "What I do when you confirm")
    assert here.splitlines()[0] == town.texts("sensay.disconnect.nothing_to_forget")
    assert buttons(asked)[-1]["url"] == ALL_PORTALS
    await town.manager.click(final(asked).message, label=labels(asked)[0])
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert listed(town, asked, "running")


async def test_a_bot_that_nobody_knows_gets_the_portals_list(town: Town) -> None:
    """Where the token did not tell which bot it belongs to, no page of its own is made up."""
    await connected(town, TOKEN_WITHOUT_ID)
    asked = await forget(town)
    assert [button["url"] for button in buttons(asked) if "url" in button] == [ALL_PORTALS]
    await town.manager.click(final(asked).message, label=LOOK)
    assert listed(town, asked, "running")


async def test_an_unknown_replica_is_refused(town: Town) -> None:
    """A name that is not listed is no reason to ask anything."""
    await connected(town)
    assert shown(await ask(town, "Nobody")).startswith("⚠️ I do not know this replica")
    assert not town.sensay.requests


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
@pytest.mark.parametrize("end", ["keep", "time"])
async def test_who_does_not_confirm_changes_nothing(town: Town, end: str, locale: str) -> None:
    """A no, and sixty seconds without an answer, leave everything as it is and say so."""
    await connected(town)
    town.locale = locale
    asked = await ask(town)
    if end == "keep":
        await town.manager.click(final(asked).message, label=town.texts("confirm.keep"))
    else:
        await town.env.advance_time(59)
        assert says(town, asked, Tone.WARNING, "ask")
        await town.env.advance_time(2)
    assert says(town, asked, Tone.QUIET, "kept")
    why = "kept_why" if end == "keep" else "expired_why"
    assert embed_of(asked).description == town.texts(f"sensay.disconnect.{why}")
    assert "</sensay status:" in field(asked, town.texts("next_step"))
    assert labels(asked) == []
    assert rows(town) == 1
    assert not town.sensay.requests


async def test_a_question_that_was_dismissed_ends_in_silence(town: Town) -> None:
    """When the time is over and the message is gone, nothing is forgotten and nothing fails."""
    await connected(town)
    await ask(town)
    town.env.inject_error("PATCH", "/webhooks/*", status=404, code=10008, message="Unknown Message")
    await town.env.advance_time(61)
    assert rows(town) == 1


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_hostile_replica_does_nothing_in_the_question(town: Town, attack: str) -> None:
    """Its name is text in embed and button, and is cut where it is too long."""
    await connected(town)
    counts = []
    for name in ("x", attack * 20):
        opened = await town.bot.connections.open(town.guild.id, "sensay")
        await town.bot.integrations.record(opened, town.sensay.UNCONNECTED, name, bot_id=1, member_id=2)
        town.sensay.replicas[town.sensay.UNCONNECTED]["name"] = name
        town.bot.choices.forget(opened)
        await town.manager.autocomplete(town.channel, "sensay connect", "replica", "")
        asked = await ask(town)
        assert len(labels(asked)[0]) <= 80
        counts.append(marks(field(asked, "Replica")))
    assert counts[1] <= counts[0]


# --- forgetting ---


async def test_what_was_confirmed_is_forgotten(town: Town) -> None:
    """The row is gone from the database, and the answer tells what the bot still needs to stop."""
    await connected(town)
    asked = await forget(town)
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert embed_of(asked).description == town.texts("sensay.disconnect.forgotten_how")
    assert listed(town, asked, "running")
    assert field(asked, "Next step") == town.texts("sensay.disconnect.forgotten_next", portal=PORTAL)
    assert labels(asked) == [LOOK, "Developer Portal"]
    assert rows(town) == 0
    assert removals(town) == 0


async def test_another_servers_record_is_left_alone(town: Town) -> None:
    """The same replica that another server has connected is still remembered there."""
    await connected(town)
    with closing(sqlite3.connect(town.database)) as database, database:
        for table, where in (("connection", "name"), ("integration", "id")):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = ", ".join("1" if column == "guild_id" else column for column in columns)
            database.execute(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {where} != ''")  # noqa: S608
    assert rows(town) == 2
    await forget(town)
    assert rows(town) == 1
    assert await remembered(town) == {}


async def test_a_bot_that_is_stopped_already_is_settled_at_once(town: Town) -> None:
    """Who has reset the token first reads that it is done, and nobody looks again."""
    await connected(town)
    town.sensay.reset_token(town.sensay.UNCONNECTED)
    asked = await forget(town)
    assert says(town, asked, Tone.GOOD, "settled")
    assert listed(town, asked, "stopped")
    assert labels(asked) == ["Developer Portal"]
    before = looks(town)
    await town.env.advance_time(3_600)
    assert looks(town) == before


@pytest.mark.parametrize("of", ["ACTIVE", "UNKNOWN", "STRANGER"])
async def test_a_bot_that_these_credentials_do_not_list_is_not_called_stopped(town: Town, of: str) -> None:
    """A user's list has no other user's replica: its bot may well go on, and the watch does not end."""
    form = await town.open_form("add", "sensay")
    await town.manager.submit_modal(form, {**town.sensay.credentials, "user_id": town.sensay.OWNER})
    town.sensay.requests.clear()
    asked = await forget(town, getattr(town.sensay, of))
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert listed(town, asked, "not_ours")
    assert labels(asked) == [LOOK, "Developer Portal"]
    before = looks(town)
    await town.env.advance_time(PAUSES[0])
    assert looks(town) > before
    assert listed(town, asked, "not_ours")
    await town.manager.click(final(asked).message, label=LOOK)
    assert says(town, asked, Tone.WARNING, "forgotten")


async def test_a_list_that_goes_on_tells_nothing(town: Town) -> None:
    """A replica that is not in the part of the list that is read is neither gone nor somebody else's."""
    await connected(town)
    town.sensay.fail(Answer(200, {"items": [], "total": 9}), times=None, path=LIST)
    asked = await forget(town)
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert listed(town, asked, "unseen")


async def test_a_replica_without_a_bot_is_settled_at_once(town: Town) -> None:
    """Only where the list has the replica, and no bot for it, is the bot gone."""
    await connected(town)
    town.sensay.replicas[town.sensay.UNCONNECTED]["discord_integration"] = None
    asked = await forget(town)
    assert says(town, asked, Tone.GOOD, "settled")
    assert listed(town, asked, "gone")


@pytest.mark.usefixtures("allowed")
async def test_nothing_is_asked_of_sensay_unless_it_is_forgotten(town: Town) -> None:
    """Where our own store fails the bot is left alone: a record of what is gone would be wrong for good."""
    await connected(town)
    town.sensay.removal = 200
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute(
            "CREATE TRIGGER full BEFORE DELETE ON integration BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    asked = await ask(town)
    pressed = await town.manager.click(final(asked).message, label=labels(asked)[0])
    assert len(town.env.errors) == 1
    assert shown(pressed).startswith("❌ Something went wrong on my side")
    assert removals(town) == 0
    assert rows(town) == 1


@pytest.mark.parametrize("fault", [Answer(500, {}), Answer(401, {}), Answer(200, b"{"), Reset()], ids=repr)
async def test_forgetting_does_not_depend_on_sensay(town: Town, fault: Fault) -> None:
    """With a provider that fails the record goes all the same, and nothing is claimed about the bot."""
    await connected(town)
    town.sensay.fail(fault, times=None)
    asked = await forget(town)
    assert says(town, asked, Tone.WARNING, "forgotten")
    assert listed(town, asked, "unseen")
    assert rows(town) == 0
    town.sensay.heal()
    await town.env.advance_time(20)
    assert listed(town, asked, "running")


async def test_two_presses_at_once_are_one(town: Town) -> None:
    """Who presses twice before the first press is seen to gets one answer, and one watch."""
    await connected(town)
    asked = await ask(town)
    yes = buttons(asked)[0]["custom_id"]
    pressed = await town.press_at_once(town.manager, final(asked), yes, yes)
    assert [len(press.followups) for press in pressed] == [0, 0]
    assert all(press.acknowledged for press in pressed)
    assert looks(town) == 1
    await town.env.advance_time(20)
    assert looks(town) == 2


async def test_a_connection_that_is_gone_is_told(town: Town) -> None:
    """Who confirms after the connection was removed is told so; its records went with it."""
    await connected(town)
    asked = await ask(town)
    removal = await town.manager.slash(town.channel, "connections remove", provider="sensay")
    await town.manager.click(final(removal).message, label="Remove Sensay · default")
    pressed = await town.manager.click(final(asked).message, label=labels(asked)[0])
    assert shown(pressed).startswith("⚠️ No Sensay connection named default")
    assert rows(town) == 0


async def test_a_restart_takes_the_question_along(town: Town) -> None:
    """Who answers to a bot that has restarted is told that nothing was removed."""
    await connected(town)
    asked = await ask(town)
    await town.restart()
    stale = await town.manager.click(final(asked).message, label=labels(asked)[0])
    assert "nothing was stored, sent or removed" in shown(stale)
    assert rows(town) == 1

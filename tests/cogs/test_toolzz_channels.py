"""All the channels of an integration, a page at a time, in the place of its status."""

import re
import sys
from types import SimpleNamespace

import discord
import pytest
import simcord

from tests.cogs.failures import FAILURES, Failure
from tests.cogs.toolzz_agent import ENOUGH, button, change, enlist, look_at, move_here, press
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, shown
from tests.ui.test_theme import accepted

LATER = 1_900_000_000
GONE = "1188765432109876599"
BACK = "Back to the status"
ALONE = ["Refresh", BACK]
IN_A_ROW = ["Previous", "Refresh", "Next", BACK]


@pytest.fixture
async def asked(town: Town) -> simcord.InteractionResult:
    """The status of an integration that runs here and is well."""
    await town.connect("toolzz")
    enlist(town)
    move_here(town)
    return await look_at(town)


def crowd(town: Town, number: int) -> None:
    """Give the integration so many channels, only the first of which is here; their names are long."""
    ids = [str(town.channel.id), *(f"11887654321098{index:05}" for index in range(1, number))]
    change(town, channelIds=ids, channelsDetail=[{"id": each, "name": f"{each} ***" * 9} for each in ids])


def lines(result: simcord.InteractionResult) -> list[str]:
    """Return what stands about each channel."""
    return re.findall(r"(?m)^[✅❌❔▫].*[<`#].*$", embed_of(result).description or "")


async def test_each_channel_is_shown_with_its_finding(town: Town, asked: simcord.InteractionResult) -> None:
    """The status gives way to a line per channel, to which the count and the lists' disagreement come."""
    change(town, channelIds=[str(town.channel.id), GONE])
    assert (await press(town, asked, "Channels")).followups == []
    assert embed_of(asked).title == "💬 Channels of Suporte da loja"
    assert (embed_of(asked).description or "").splitlines() == [
        "✅ The bot is a member.",
        "⚠️ **1 of 2 channels usable**",
        "⚠️ Toolzz's two lists of the channels differ; I go by `channelIds`.",
        f"Only in `channelIds`: `{GONE}`",
        "",
        f"✅ <#{town.channel.id}>: the bot can read and answer here.",
        f"❌ `{GONE}`: {town.texts('toolzz.reach.gone')}",
    ]
    assert field(asked, "Next step") == town.texts("toolzz.next.channels")
    assert embed_of(asked).footer.text == "Page 1 of 1"
    assert labels(asked) == ALONE


@pytest.mark.parametrize("number", [10, 11, 40, 200])
async def test_ten_of_them_are_on_a_page(town: Town, asked: simcord.InteractionResult, number: int) -> None:
    """Any number of channels is shown ten at a time, each once, and every page fits into an embed."""
    crowd(town, number)
    await press(town, asked, "Channels")
    last = -(-number // 10)
    found = lines(asked)
    assert len(found) == 10
    for page in range(2, last + 1):
        await press(town, asked, "Next")
        assert embed_of(asked).footer.text == f"Page {page} of {last}"
        assert accepted(embed_of(asked))
        found += lines(asked)
    assert len({line[:40] for line in found}) == number
    assert labels(asked) == (ALONE if number == 10 else IN_A_ROW)
    if number > 10:
        assert button(asked, "Next")["disabled"]
        await press(town, asked, "Previous")
        assert embed_of(asked).footer.text == f"Page {last - 1} of {last}"


@pytest.mark.parametrize("restarted", [False, True])
async def test_there_and_back(
    town: Town, asked: simcord.InteractionResult, restarted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the status to the channels, refreshed, and back: one message, after a restart of the bot too."""
    if restarted:
        await town.restart()
    monkeypatch.setattr(sys.modules["cogs.toolzz.status"], "time", SimpleNamespace(time=lambda: LATER + 0.9))
    for label, title in (
        ("Channels", "💬 Channels of Suporte da loja"),
        ("Refresh", "💬 Channels of Suporte da loja"),
        (BACK, "🟢 Suporte da loja"),
    ):
        assert (await press(town, asked, label)).followups == []
        assert embed_of(asked).title == title
        assert field(asked, "Checked") == f"<t:{LATER}:R>"
    assert labels(asked) == ENOUGH


async def test_a_list_that_became_shorter_shows_its_last_page(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """A button to a page that is no more leads to the one that is the last now."""
    crowd(town, 25)
    await press(town, asked, "Channels")
    await press(town, asked, "Next")
    crowd(town, 12)
    await press(town, asked, "Next")
    assert embed_of(asked).footer.text == "Page 2 of 2"
    assert len(lines(asked)) == 2


async def test_without_a_channel_the_page_says_so(town: Town, asked: simcord.InteractionResult) -> None:
    """An integration that monitors none has one page, with the bot's membership and no count."""
    change(town, channelIds=[], channelsDetail=[])
    await press(town, asked, "Channels")
    assert embed_of(asked).description == "✅ The bot is a member.\n\n*not reported*"


async def test_another_servers_channels_are_only_named(town: Town) -> None:
    """Of an integration that is not of this server nothing is claimed but what Toolzz says."""
    await town.connect("toolzz")
    asked = await look_at(town, town.toolzz.ELSEWHERE)
    await press(town, asked, "Channels")
    assert (embed_of(asked).description or "").splitlines() == [
        town.texts("toolzz.reach.not_here"),
        "",
        "▫️ #balcão",
    ]
    assert field(asked, "Next step") == town.linked(town.texts("toolzz.next.elsewhere"))


async def test_an_absent_bot_is_told_on_each_line(town: Town, asked: simcord.InteractionResult) -> None:
    """Where the bot is not in the server the channels are, and it is not; an unknown bot is not judged."""
    stranger = town.env.create_user("stranger", bot=True)
    change(town, botClientId=str(stranger.id))
    await press(town, asked, "Channels")
    assert lines(asked)[-1] == f"❌ <#{town.channel.id}>: {town.texts('toolzz.reach.absent')}"
    assert "Invite it" in shown(asked)
    change(town, botClientId=None)
    await press(town, asked, "Refresh")
    assert lines(asked)[-1] == f"❔ <#{town.channel.id}>: {town.texts('toolzz.reach.unknown')}"


async def test_it_speaks_the_language_of_who_presses(town: Town, asked: simcord.InteractionResult) -> None:
    """Lines, buttons and next step are in the presser's language."""
    town.locale = PORTUGUESE
    await press(town, asked, "Channels")
    assert embed_of(asked).title == "💬 Canais de Suporte da loja"
    assert f"✅ <#{town.channel.id}>: o bot pode ler e responder aqui." in shown(asked)
    assert labels(asked) == ["Atualizar", "Voltar ao status"]
    assert field(asked, "Próximo passo")


async def test_a_member_without_rights_is_refused(town: Town, asked: simcord.InteractionResult) -> None:
    """Under a shared status the button is not for everyone, and neither Toolzz nor Discord is asked."""
    shared = await look_at(town, share=True)
    before = shown(shared)
    town.toolzz.requests.clear()
    pressed = await press(town, shared, "Channels", town.member)
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == "⚠️ This is for this server's managers"
    assert shown(shared) == before
    assert not town.toolzz.requests


async def test_a_button_carried_to_another_server_finds_no_connection(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """A press is about the server that it comes from: another one's manager reads nothing of this one's."""
    other = town.env.create_guild("Elsewhere")
    managers = other.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    town.guild, town.channel = other, other.create_text_channel("hall")
    town.manager = other.add_member(town.env.create_user("rafa"), roles=[managers])
    await town.connect("toolzz")
    there = await look_at(town)
    await town.bot.connections.remove(other.id, "toolzz", "default")
    town.toolzz.requests.clear()
    for label in ("Channels", "Refresh", "Diagnose"):
        assert button(there, label)["custom_id"] == button(asked, label)["custom_id"]
        pressed = await press(town, there, label)
        assert shown(pressed).startswith("⚠️ No Toolzz connection named default")
    assert not town.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_leaves_the_message_alone(
    town: Town, asked: simcord.InteractionResult, failure: Failure
) -> None:
    """Each failure is told apart from the status, which stays, and its button leads to the channels."""
    before = shown(asked)
    failure.strike(town, "toolzz")
    pressed = await press(town, asked, "Channels")
    assert final(pressed).ephemeral
    failure.shows_in(town, pressed, "toolzz")
    assert labels(pressed) == failure.offers("Refresh")
    assert shown(asked) == before
    if labels(pressed) and failure.key != "timeout":
        town.toolzz.heal()
        await press(town, pressed, "Refresh")
        assert embed_of(pressed).title == "💬 Channels of Suporte da loja"


@pytest.mark.parametrize("page", ["0", "1000", "x"])
async def test_a_page_that_cannot_be_is_refused(
    town: Town, asked: simcord.InteractionResult, page: str
) -> None:
    """A made-up page reads nothing."""
    town.toolzz.requests.clear()
    made_up = button(asked, "Channels")["custom_id"].replace(":ch:1:", f":ch:{page}:")
    assert shown(await town.press(town.manager, final(asked), made_up)).startswith("⚠️")
    assert not town.toolzz.requests


async def test_the_longest_ids_fit_into_every_button(town: Town) -> None:
    """With the longest name of a connection and the longest id Discord takes the buttons of any page."""
    await town.connect("toolzz", "c" * 20)
    long = "i" * 64
    town.toolzz.integrations[long] = {**town.toolzz.integrations[town.toolzz.CROWDED], "id": long}
    asked = await look_at(town, long)
    await press(town, asked, "Channels")
    assert labels(asked) == IN_A_ROW
    await press(town, asked, "Next")
    assert embed_of(asked).footer.text == "Page 2 of 4"
    await press(town, asked, BACK)
    assert (await press(town, asked, "Diagnose")).ephemeral

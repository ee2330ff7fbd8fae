"""The channels of an integration, shown a page at a time in place of its status."""

import re

import discord
import pytest
import simcord

from tests.support.clock import SharedClock
from tests.support.embeds import fits_discord
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown
from tests.support.toolzz_agent import ENOUGH, add_agent_bot, button, change, look_at, press
from tests.support.toolzz_steps import move_here

LATER = 1_900_000_000
GONE = "1188765432109876599"
BACK = english("status.back")
ALONE = ["Refresh", BACK]
IN_A_ROW = ["Previous", "Refresh", "Next", BACK]


@pytest.fixture
async def asked(harness: BotHarness) -> simcord.InteractionResult:
    """The status of an integration that is connected and runs in this server."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    return await look_at(harness)


def many_channels(harness: BotHarness, number: int) -> None:
    """Give the integration this number of channels with long names; only the first is in this server."""
    ids = [str(harness.channel.id), *(f"11887654321098{index:05}" for index in range(1, number))]
    change(harness, channelIds=ids, channelsDetail=[{"id": each, "name": f"{each} ***" * 9} for each in ids])


def lines(result: simcord.InteractionResult) -> list[str]:
    """Return the line of each channel."""
    return re.findall(r"(?m)^[✅❌❔▫].*[<`#].*$", embed_of(result).description or "")


async def test_each_channel_is_shown_with_its_finding(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """The page has a line for each channel, the count, and the difference between Toolzz's two lists."""
    change(harness, channelIds=[str(harness.channel.id), GONE])
    assert (await press(harness, asked, "Channels")).followups == []
    assert embed_of(asked).title == "💬 Channels of Suporte da loja"
    assert (embed_of(asked).description or "").splitlines() == [
        "✅ The bot is a member.",
        "⚠️ **1 of 2 channels usable**",
        english("toolzz.channels.disagree"),
        f"Only in `channelIds`: `{GONE}`",
        "",
        f"✅ <#{harness.channel.id}>: the bot can read and answer here.",
        f"❌ `{GONE}`: {harness.texts('toolzz.reach.deleted')}",
    ]
    assert field(asked, "Next step") == harness.texts("toolzz.next.channels")
    assert embed_of(asked).footer.text == "Page 1 of 1"
    assert labels(asked) == ALONE


@pytest.mark.parametrize("number", [10, 11, 40, 200])
async def test_ten_of_them_are_on_a_page(
    harness: BotHarness, asked: simcord.InteractionResult, number: int
) -> None:
    """Each channel is shown once, ten on a page, and Discord accepts every page."""
    many_channels(harness, number)
    await press(harness, asked, "Channels")
    last = -(-number // 10)
    found = lines(asked)
    assert len(found) == 10
    for page in range(2, last + 1):
        await press(harness, asked, "Next")
        assert embed_of(asked).footer.text == f"Page {page} of {last}"
        assert fits_discord(embed_of(asked))
        found += lines(asked)
    assert len({line[:40] for line in found}) == number
    assert labels(asked) == (ALONE if number == 10 else IN_A_ROW)
    if number > 10:
        assert button(asked, "Next")["disabled"]
        await press(harness, asked, "Previous")
        assert embed_of(asked).footer.text == f"Page {last - 1} of {last}"


@pytest.mark.parametrize("restarted", [False, True])
async def test_there_and_back(
    harness: BotHarness, asked: simcord.InteractionResult, restarted: bool, clock: SharedClock
) -> None:
    """The buttons lead from the status to the channels and back in one message, after a restart as well."""
    if restarted:
        await harness.restart()
    clock.source = lambda: LATER + 0.9
    for label, title in (
        ("Channels", "💬 Channels of Suporte da loja"),
        ("Refresh", "💬 Channels of Suporte da loja"),
        (BACK, "🟢 Suporte da loja"),
    ):
        assert (await press(harness, asked, label)).followups == []
        assert embed_of(asked).title == title
        assert f"Checked\n<t:{LATER}:R>" in shown(asked) or f"Checked <t:{LATER}:R>" in shown(asked)
    assert labels(asked) == ENOUGH


async def test_a_list_that_became_shorter_shows_its_last_page(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """A button to a page that does not exist any more shows the last page."""
    many_channels(harness, 25)
    await press(harness, asked, "Channels")
    await press(harness, asked, "Next")
    many_channels(harness, 12)
    await press(harness, asked, "Next")
    assert embed_of(asked).footer.text == "Page 2 of 2"
    assert len(lines(asked)) == 2


async def test_without_a_channel_the_page_says_so(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """An integration without channels has one page, which shows the bot's membership and no count."""
    change(harness, channelIds=[], channelsDetail=[])
    await press(harness, asked, "Channels")
    assert embed_of(asked).description == "✅ The bot is a member.\n\n*none*"


async def test_another_servers_channels_are_only_named(harness: BotHarness) -> None:
    """For another server's integration only Toolzz's names of the channels are shown."""
    await harness.connect("toolzz")
    asked = await look_at(harness, harness.toolzz.ELSEWHERE)
    await press(harness, asked, "Channels")
    assert (embed_of(asked).description or "").splitlines() == [
        harness.texts("toolzz.reach.not_here"),
        "",
        "▫️ #balcão",
    ]
    assert field(asked, "Next step") == harness.linked(harness.texts("toolzz.next.elsewhere"))


async def test_an_absent_bot_is_told_on_each_line(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Each line says if the bot is not in the server; without a known bot no line judges the channel."""
    stranger = harness.env.create_user("stranger", bot=True)
    change(harness, botClientId=str(stranger.id))
    await press(harness, asked, "Channels")
    assert lines(asked)[-1] == f"❌ <#{harness.channel.id}>: {harness.texts('toolzz.reach.absent')}"
    assert "Invite the bot" in shown(asked)
    change(harness, botClientId=None)
    await press(harness, asked, "Refresh")
    assert lines(asked)[-1] == f"❔ <#{harness.channel.id}>: {harness.texts('toolzz.reach.unknown')}"


async def test_it_speaks_the_language_of_who_presses(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Lines, buttons and next step are in the language of the member who presses."""
    harness.locale = PORTUGUESE
    await press(harness, asked, "Channels")
    assert embed_of(asked).title == "💬 Canais de Suporte da loja"
    assert f"✅ <#{harness.channel.id}>: o bot pode ler e responder aqui." in shown(asked)
    assert labels(asked) == ["Atualizar", "Voltar ao status"]
    assert field(asked, "Próximo passo")


async def test_a_member_without_rights_is_refused(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Under a shared status the button refuses other members, and asks neither Toolzz nor Discord."""
    shared = await look_at(harness, share=True)
    before = shown(shared)
    harness.toolzz.requests.clear()
    pressed = await press(harness, shared, "Channels", harness.member)
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == f"⚠️ {english('problem.not_allowed.manager.title')}"
    assert shown(shared) == before
    assert not harness.toolzz.requests


async def test_a_button_carried_to_another_server_finds_no_connection(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """A button that is pressed in another server uses that server's connections."""
    other = harness.env.create_guild("Elsewhere")
    managers = other.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    harness.guild, harness.channel = other, other.create_text_channel("hall")
    harness.manager = other.add_member(harness.env.create_user("rafa"), roles=[managers])
    await harness.connect("toolzz")
    there = await look_at(harness)
    await harness.bot.services.connections.remove(other.id, "toolzz", "default")
    harness.toolzz.requests.clear()
    for label in ("Channels", "Refresh", "Diagnose"):
        assert button(there, label)["custom_id"] == button(asked, label)["custom_id"]
        pressed = await press(harness, there, label)
        assert shown(pressed).startswith(
            f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
        )
    assert not harness.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_leaves_the_message_alone(
    harness: BotHarness, asked: simcord.InteractionResult, failure: Failure
) -> None:
    """A failure has an answer of its own with a button to the channels; the status stays as it was."""
    before = shown(asked)
    failure.strike(harness, "toolzz")
    pressed = await press(harness, asked, "Channels")
    assert final(pressed).ephemeral
    failure.shows_in(harness, pressed, "toolzz")
    assert labels(pressed) == failure.offers("Refresh")
    assert shown(asked) == before
    if labels(pressed) and failure.key != "timeout":
        await failure.end(harness, "toolzz")
        await press(harness, pressed, "Refresh")
        assert embed_of(pressed).title == "💬 Channels of Suporte da loja"


@pytest.mark.parametrize("page", ["0", "1000", "x"])
async def test_a_page_that_cannot_be_is_refused(
    harness: BotHarness, asked: simcord.InteractionResult, page: str
) -> None:
    """A made-up page number is refused, and Toolzz is not asked."""
    harness.toolzz.requests.clear()
    made_up = button(asked, "Channels")["custom_id"].replace(":ch:1:", f":ch:{page}:")
    assert shown(await harness.press(harness.manager, final(asked), made_up)).startswith("⚠️")
    assert not harness.toolzz.requests


async def test_the_longest_ids_fit_into_every_button(harness: BotHarness) -> None:
    """Discord accepts the buttons with the longest connection name and the longest id."""
    await harness.connect("toolzz", "c" * 20)
    long = "i" * 64
    harness.toolzz.integrations[long] = {**harness.toolzz.integrations[harness.toolzz.CROWDED], "id": long}
    asked = await look_at(harness, long)
    await press(harness, asked, "Channels")
    assert labels(asked) == IN_A_ROW
    await press(harness, asked, "Next")
    assert embed_of(asked).footer.text == "Page 2 of 4"
    await press(harness, asked, BACK)
    assert (await press(harness, asked, "Diagnose")).ephemeral

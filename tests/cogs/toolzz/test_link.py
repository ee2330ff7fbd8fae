"""``/toolzz link`` links an integration only if Toolzz or a manager says that it runs in this server."""

import discord
import pytest

from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.simulator import Answer
from cogs.toolzz.link import ToolzzLinkButton
from tests.support.disconnect_steps import count_records
from tests.support.embeds import fits_discord
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import ENGLISH, BotHarness, embed_of, field, final, labels, shown
from tests.support.hostile import ATTACKS, marks
from tests.support.ids import OLD_ID
from tests.support.link_steps import link, unlink
from tests.support.sensay_steps import press
from tests.support.short_replies import lines
from tests.support.toolzz_steps import move_here, remembered

CLIENT_ID = 1219876543210987654
LINK = "Link to this server"


# --- linking ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_integration_of_this_server_is_linked(here: BotHarness, locale: str) -> None:
    """The record has the member and the bot's id, and the answer says what the link means."""
    here.locale = locale
    here.toolzz.requests.clear()
    done = await link(here)
    assert done.ephemeral
    assert embed_of(done).title == f"✅ {here.texts('toolzz.link.done')}"
    assert lines(done) == [
        f"**Suporte da loja** · `…{here.toolzz.CONNECTED[-8:]}`",
        f"🟢 {here.texts('state.connected')}",
        here.linked(here.texts("toolzz.link.done_how")),
    ]
    assert "</toolzz status:" in field(done, here.texts("next_step"))
    assert labels(done) == []
    (placed,) = (await remembered(here)).values()
    assert (placed.id, placed.connection, placed.label) == (
        here.toolzz.CONNECTED,
        "default",
        "Suporte da loja",
    )
    assert (placed.bot_id, placed.placed_by) == (CLIENT_ID, here.manager.id)
    assert len(here.toolzz.requests) == 1


async def test_a_link_outlives_a_restart(here: BotHarness) -> None:
    """A link is still there after a restart."""
    await link(here)
    await here.restart()
    assert list(await remembered(here)) == [here.toolzz.CONNECTED]


async def test_what_the_short_report_lacks_comes_from_the_list(here: BotHarness) -> None:
    """A server id that only the unit's list has is enough to link an integration."""
    assert embed_of(await link(here, here.toolzz.INACTIVE)).title == "✅ Linked to this server"
    assert (await remembered(here))[here.toolzz.INACTIVE].label == "Campanha de inverno"


async def test_a_title_that_was_suggested_can_be_sent(here: BotHarness) -> None:
    """Integrations are suggested by title, and a typed title is accepted."""
    choices = await here.manager.autocomplete(here.channel, "toolzz link", "integration", "sup")
    assert [choice["value"] for choice in choices] == [here.toolzz.CONNECTED]
    await link(here, "suporte da loja")
    assert list(await remembered(here)) == [here.toolzz.CONNECTED]


@pytest.mark.parametrize(
    ("reported", "kept"),
    [
        ("1219876543210987654", CLIENT_ID),
        (str(OLD_ID), None),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("9" * 400, None),
        ("0", None),
        ("-5", None),
        ("٣", None),
        ("agent", None),
        (None, None),
    ],
)
async def test_a_bot_is_remembered_by_its_number_alone(
    here: BotHarness, reported: object, kept: int | None
) -> None:
    """Only a possible id of a Discord user is stored as the bot's id."""
    here.toolzz.touch(here.toolzz.CONNECTED, botClientId=reported)
    await link(here)
    assert (await remembered(here))[here.toolzz.CONNECTED].bot_id == kept


async def test_one_of_another_server_is_refused(here: BotHarness) -> None:
    """The answer names the other server and has no button, and nothing is stored."""
    refused = await link(here, here.toolzz.ELSEWHERE)
    assert shown(refused).startswith(f"⚠️ {english('problem.runs_elsewhere.title')}\n")
    assert "Toolzz reports Loja do Norte " in shown(refused)
    assert "</toolzz list:" in field(refused, "What to do")
    assert labels(refused) == []
    assert count_records(here) == 0


async def test_a_server_without_a_name_is_told_by_its_id(here: BotHarness) -> None:
    """If Toolzz knows no name of the other server, the answer has its id."""
    here.toolzz.touch(here.toolzz.ELSEWHERE, guildName=None)
    assert "Toolzz reports 1102345678909876543 " in shown(await link(here, here.toolzz.ELSEWHERE))


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_hostile_server_name_does_nothing(here: BotHarness, attack: str) -> None:
    """A hostile server name is shown as plain characters, and cut if it is too long."""
    counts = []
    for name in ("x", attack, attack * 100):
        here.toolzz.touch(here.toolzz.ELSEWHERE, guildName=name)
        refused = await link(here, here.toolzz.ELSEWHERE)
        counts.append(marks(embed_of(refused).description or ""))
        assert fits_discord(embed_of(refused))
    assert counts[1] <= counts[0]
    assert counts[2] <= counts[0]


async def test_a_deleted_one_is_refused(here: BotHarness) -> None:
    """A deleted integration cannot be linked, although its report names this server."""
    refused = await link(here, here.toolzz.DELETED)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.deleted.title')}\n")
    assert labels(refused) == []
    assert count_records(here) == 0


async def test_who_links_again_is_told_who_did_it_first(here: BotHarness) -> None:
    """Linking a second time names the member of the first link, and keeps its record."""
    await link(here)
    (before,) = (await remembered(here)).values()
    role = here.guild.create_role("Deputies", permissions=discord.Permissions(manage_guild=True))
    deputy = here.guild.add_member(here.env.create_user("lena"), roles=[role])
    again = await deputy.slash(here.channel, "toolzz link", integration=here.toolzz.CONNECTED)
    assert embed_of(again).title == f"🔌 {english('toolzz.link.already')}"
    assert lines(again)[-1] == f"<@{here.manager.id}> linked it to this server <t:{before.placed_at}:R>."
    assert "</toolzz unlink:" in field(again, "Next step")
    assert list((await remembered(here)).values()) == [before]


async def test_a_link_to_one_that_has_moved_away_is_not_confirmed(here: BotHarness) -> None:
    """An integration that has moved to another server is refused, and the answer names the unlink command."""
    await link(here)
    here.toolzz.touch(here.toolzz.CONNECTED, guildId="1102345678909876543", guildName="Loja do Norte")
    refused = await link(here)
    assert shown(refused).startswith(f"⚠️ {english('problem.runs_elsewhere.title')}\n")
    assert "</toolzz unlink:" in field(refused, "What to do")


@pytest.mark.parametrize("text", ["../admin", "a b", "x" * 65, "é"])
async def test_what_is_no_id_is_refused_without_asking(here: BotHarness, text: str) -> None:
    """Text that could change the path of a request is refused, and Toolzz is not asked."""
    here.toolzz.requests.clear()
    assert shown(await link(here, text)).startswith(f"⚠️ {english('problem.invalid_input.integration.title')}")
    assert not here.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_links_nothing_and_can_be_tried_again(here: BotHarness, failure: Failure) -> None:
    """Each failure of Toolzz is explained, and its button links the integration once Toolzz works again."""
    failure.strike(here, "toolzz")
    failed = await link(here)
    failure.shows_in(here, failed, "toolzz")
    assert labels(failed) == failure.offers(LINK)
    assert count_records(here) == 0
    if labels(failed) and failure.key != "timeout":
        await failure.end(here, "toolzz")
        assert embed_of(await press(here, failed, LINK)).title == "✅ Linked to this server"
        assert count_records(here) == 1


# --- one of which Toolzz does not tell where it runs ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_nobody_tells_is_asked(here: BotHarness, locale: str) -> None:
    """If Toolzz names no server, the question shows what it reports, and a button that is not red links."""
    here.locale = locale
    channels = [{"id": str(here.channel.id), "name": "bridge"}, {"id": "1", "name": "gone"}]
    here.toolzz.touch(here.toolzz.HOMELESS, channelIds=[str(here.channel.id), "1"], channelsDetail=channels)
    asked = await link(here, here.toolzz.HOMELESS)
    assert embed_of(asked).title == f"⚠️ {here.texts('toolzz.link.ask')}"
    assert lines(asked)[2:] == [
        here.texts("toolzz.link.server", server="Loja do Porto"),
        here.texts("toolzz.link.channels_here", here=1, count=2),
        here.texts("toolzz.link.ask_how"),
    ]
    assert field(asked, here.texts("next_step")) == here.texts("toolzz.link.ask_next")
    yes, no = [button for row in final(asked).components for button in row["components"]]
    assert yes["label"] == here.texts("toolzz.link.yes", integration="Rascunho da recepção")
    assert yes["style"] == discord.ButtonStyle.primary.value
    assert no["label"] == here.texts("toolzz.link.no")
    assert count_records(here) == 0
    await here.manager.click(final(asked).message, label=yes["label"])
    assert embed_of(asked).title == f"✅ {here.texts('toolzz.link.done')}"
    assert labels(asked) == []
    assert list(await remembered(here)) == [here.toolzz.HOMELESS]


@pytest.mark.parametrize("guild_id", ["", "  ", None])
async def test_an_empty_server_id_is_none(here: BotHarness, guild_id: str | None) -> None:
    """An empty server id counts as no server id, and leads to the question."""
    here.toolzz.touch(
        here.toolzz.CONNECTED, guildId=guild_id, guildName=None, channelIds=[], channelsDetail=[]
    )
    asked = await link(here)
    assert embed_of(asked).title == f"⚠️ {english('toolzz.link.ask')}"
    assert lines(asked)[2:] == [
        english("toolzz.link.server", server="*not reported*"),
        english("toolzz.link.ask_how"),
    ]


@pytest.mark.parametrize("end", ["no", "time"])
@pytest.mark.parametrize("pressed", [False, True])
async def test_who_does_not_confirm_links_nothing(here: BotHarness, end: str, pressed: bool) -> None:
    """Declining, and a minute without an answer, store nothing, and the answer says so."""
    asked = await link(here, here.toolzz.HOMELESS)
    if pressed:
        here.toolzz.fail(Answer(503, {}))
        failed = await link(here, here.toolzz.HOMELESS)
        asked = await press(here, failed, LINK)
    if end == "no":
        await press(here, asked, english("toolzz.link.no"))
    else:
        await here.env.advance_time(61)
    assert embed_of(asked).title == "💤 Not linked"
    why = "kept_how" if end == "no" else "expired_how"
    assert embed_of(asked).description == here.texts(f"toolzz.link.{why}")
    assert "</toolzz link:" in field(asked, "Next step")
    assert labels(asked) == [LINK]
    assert count_records(here) == 0
    if pressed:
        assert shown(failed).startswith("❌")


async def test_a_restart_takes_the_question_along(here: BotHarness) -> None:
    """A confirmation after a restart stores nothing, and the answer says so."""
    asked = await link(here, here.toolzz.HOMELESS)
    await here.restart()
    stale = await here.manager.click(final(asked).message, label=labels(asked)[0])
    assert "Nothing was saved, sent, or removed" in shown(stale)
    assert count_records(here) == 0


async def test_a_connection_that_is_gone_is_told(here: BotHarness) -> None:
    """A confirmation after the connection was removed links nothing, and the answer says so."""
    asked = await link(here, here.toolzz.HOMELESS)
    removal = await here.manager.slash(here.channel, "connections remove", provider="toolzz")
    await here.manager.click(final(removal).message, label="Remove Toolzz · default")
    pressed = await here.manager.click(final(asked).message, label=labels(asked)[0])
    assert shown(pressed).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )
    assert count_records(here) == 0


async def test_a_former_manager_confirms_nothing(here: BotHarness) -> None:
    """A member who is no longer a manager cannot confirm."""
    asked = await link(here, here.toolzz.HOMELESS)
    here.env.backend.get_guild(here.guild.id).members[here.manager.id].role_ids.clear()
    pressed = await here.manager.click(final(asked).message, label=labels(asked)[0])
    assert embed_of(pressed).title == f"⚠️ {english('problem.not_allowed.manager.title')}"
    assert count_records(here) == 0


# --- another server ---


async def test_another_server_neither_sees_nor_ends_a_link(here: BotHarness) -> None:
    """A second server with the same credentials does not see the first one's link and cannot remove it."""
    await link(here)
    other_guild = here.other_guild()
    await other_guild.connect("toolzz")
    listed = await other_guild.manager.slash(other_guild.channel, "toolzz list")
    assert "🔗" not in (embed_of(listed).description or "")
    assert (
        await other_guild.manager.autocomplete(other_guild.channel, "toolzz unlink", "integration", "") == []
    )
    assert shown(await unlink(other_guild)).startswith(
        f"⚠️ {english('problem.invalid_input.not_linked.title')}\n"
    )
    assert list(await remembered(here)) == [here.toolzz.CONNECTED]


async def test_another_servers_manager_cannot_take_it_over(here: BotHarness) -> None:
    """A button that is pressed in another server does not link an integration that does not run there."""
    other_guild = here.other_guild()
    await other_guild.connect("toolzz")
    there = await link(other_guild)
    assert shown(there).startswith(f"⚠️ {english('problem.runs_elsewhere.title')}\n")
    assert "Toolzz reports Harbour Ops " in shown(there)
    listed = await other_guild.manager.slash(other_guild.channel, "toolzz list")
    button = ToolzzLinkButton(texts=here.texts, connection="default", integration=here.toolzz.CONNECTED)
    forged = await other_guild.press_forged(listed, button.item.custom_id or "")
    assert shown(forged).startswith(f"⚠️ {english('problem.runs_elsewhere.title')}\n")
    assert count_records(here) == 0


async def test_each_server_has_its_own_link(here: BotHarness) -> None:
    """A moved integration can be linked in its new server; unlinking it there keeps the old record."""
    await link(here)
    other_guild = here.other_guild()
    await other_guild.connect("toolzz")
    move_here(other_guild)
    assert embed_of(await link(other_guild)).title == "✅ Linked to this server"
    assert count_records(here) == 2
    asked = await unlink(other_guild)
    await other_guild.manager.click(final(asked).message, label=labels(asked)[0])
    assert await remembered(other_guild) == {}
    assert list(await remembered(here)) == [here.toolzz.CONNECTED]


@pytest.mark.parametrize(
    "made_up",
    ["toolzz:link:default:../admin", "toolzz:link::x", f"toolzz:link:default:{'x' * 65}", "toolzz:link:x"],
)
async def test_a_button_made_up_by_somebody_does_nothing(here: BotHarness, made_up: str) -> None:
    """An impossible custom id is answered as an outdated one, and Toolzz is not asked."""
    listed = await here.manager.slash(here.channel, "toolzz list")
    here.toolzz.requests.clear()
    pressed = await here.press_forged(listed, made_up)
    assert shown(pressed).startswith(f"⚠️ {here.texts('problem.stale_component.title')}")
    assert not here.toolzz.requests
    assert count_records(here) == 0


def test_the_longest_ids_fit_into_the_button() -> None:
    """The longest custom id has at most 100 characters, as Discord demands."""
    button = ToolzzLinkButton(texts=load_catalog()[ENGLISH], connection="n" * 20, integration="i" * 64)
    assert len(button.item.custom_id or "") <= 100

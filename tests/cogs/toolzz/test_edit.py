"""``/toolzz edit``: the settings that it shows, its form, and the changes that follow."""

from typing import Any

import pytest

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer
from tests.support.embeds import fits_discord, utf16_length
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import (
    BotHarness,
    embed_of,
    field,
    final,
    form_text,
    labels,
    shown,
)
from tests.support.short_replies import lines, show_details
from tests.support.toolzz_editing import (
    AGAIN,
    EDIT,
    KEEP,
    TITLE,
    WRITE,
    edit,
    fill_in,
    open_form,
    press,
    propose,
    today,
)
from tests.support.toolzz_steps import BODY, body_of, fields_of, move_here, sent

# --- what is shown ---


async def test_todays_settings_are_shown_first(toolzz_connected: BotHarness) -> None:
    """The answer shows title, channels and replies, a button, and how long the button works."""
    offer = await edit(toolzz_connected)
    assert offer.ephemeral
    assert embed_of(offer).title == f"🔌 {english('toolzz.edit.today')}"
    assert lines(offer) == [
        f"**{TITLE}**",
        f"1 channel: <#{toolzz_connected.channel.id}>",
        "Answers: mentions only · When mentioned: ✅ yes · Opens threads: 🚫 no",
    ]
    assert "15 minutes" in field(offer, "Next step")
    assert labels(offer) == [EDIT]


async def test_the_form_has_todays_values(toolzz_connected: BotHarness) -> None:
    """Each input shows the present value, and no input asks for the token."""
    form = await open_form(toolzz_connected, await edit(toolzz_connected, toolzz_connected.toolzz.CONNECTED))
    assert set(fields_of(form)) == {"title", "channels", "scope", "switches"}
    assert form_text(form) == ""
    values = today(toolzz_connected, form)
    assert (values["title"], values["scope"], values["switches"]) == (TITLE, "mentions", ["mention"])
    assert [channel.id for channel in values["channels"]] == [toolzz_connected.channel.id]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", ["CONNECTED", "CROWDED", "STRANGE", "INACTIVE"])
async def test_offer_and_form_are_within_the_limits(
    toolzz_connected: BotHarness, locale: str, name: str
) -> None:
    """Discord accepts embed and form in both languages, whatever Toolzz reports."""
    toolzz_connected.locale = locale
    offer = await edit(toolzz_connected, getattr(toolzz_connected.toolzz, name))
    assert fits_discord(embed_of(offer))
    form = await open_form(toolzz_connected, offer, toolzz_connected.texts("toolzz.edit.button"))
    for each in fields_of(form).values():
        assert 1 <= utf16_length(each["text"]) <= 45
        assert 1 <= utf16_length(each["how"]) <= 100
        for option in each.get("options", []):
            assert 1 <= utf16_length(option["label"]) <= 100
            assert 1 <= utf16_length(option["description"]) <= 100


async def test_an_integration_is_suggested(toolzz_connected: BotHarness) -> None:
    """The command suggests the same integrations as the status command, and accepts a suggested title."""
    choices = await toolzz_connected.manager.autocomplete(
        toolzz_connected.channel, "toolzz edit", "integration", "suporte"
    )
    assert [choice["value"] for choice in choices] == [toolzz_connected.toolzz.CONNECTED]
    assert lines(await edit(toolzz_connected, "suporte da loja"))[0] == f"**{TITLE}**"


# --- what cannot be changed here ---


async def test_what_runs_elsewhere_is_refused(toolzz_connected: BotHarness) -> None:
    """Another server's integration is neither shown nor changed."""
    refused = await edit(toolzz_connected, toolzz_connected.toolzz.ELSEWHERE)
    assert shown(refused).startswith(f"⚠️ {english('problem.runs_elsewhere.title')}")
    assert labels(refused) == []


async def test_what_is_deleted_is_refused(toolzz_connected: BotHarness) -> None:
    """A deleted integration is refused, and the answer says that it is deleted."""
    refused = await edit(toolzz_connected, toolzz_connected.toolzz.DELETED)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.deleted.title')}")


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("botId", "the agent"),
        ("unitId", "the unit"),
        ("title", "the title"),
        ("guildId", english("toolzz.edit.lacks.guild_id")),
        ("guildName", "the server's name"),
        ("permissions", "the permissions"),
        ("autoReplyOnMention", "whether it replies when mentioned"),
        ("threadAutoCreate", "whether it opens threads"),
        ("scope", "what it answers"),
        ("channelIds", "the channels"),
    ],
)
async def test_what_toolzz_does_not_tell_stops_the_form(
    toolzz_connected: BotHarness, name: str, lacks: str
) -> None:
    """Each unknown setting that a write would overwrite is named, and there is no button."""
    report = toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED]
    del report[name]
    if name == "channelIds":
        del report["channelsDetail"]
    offer = await edit(toolzz_connected)
    assert embed_of(offer).title == f"⚠️ {english('toolzz.edit.impossible')}"
    assert lines(offer)[-1] == english("toolzz.edit.lacking", names=lacks)
    assert field(offer, "Next step") == toolzz_connected.linked(
        toolzz_connected.texts("toolzz.edit.impossible_next")
    )
    assert labels(offer) == []


async def test_the_units_list_can_tell_the_rest(harness: BotHarness) -> None:
    """A short report is completed from the unit's list; without a unit the next step is to set one."""
    form = await harness.open_form("add", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})
    move_here(harness)
    offer = await edit(harness, harness.toolzz.INACTIVE)
    assert "the title" in lines(offer)[-1]
    assert "</connections rotate:" in field(offer, "Next step")
    form = await harness.open_form("rotate", "toolzz")
    await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert labels(await edit(harness, harness.toolzz.INACTIVE)) == [EDIT]


@pytest.mark.parametrize("text", ["../admin", "a b", "x" * 65])
async def test_what_is_no_id_is_refused_without_asking(toolzz_connected: BotHarness, text: str) -> None:
    """Text that could change the path of a request is refused, and Toolzz is not asked."""
    toolzz_connected.toolzz.requests.clear()
    assert shown(await edit(toolzz_connected, text)).startswith(
        f"⚠️ {english('problem.invalid_input.integration.title')}"
    )
    assert not toolzz_connected.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_report_that_cannot_be_read_is_explained(
    toolzz_connected: BotHarness, failure: Failure
) -> None:
    """Each failure has a text and a button to read again, unless the integration does not exist."""
    failure.strike(toolzz_connected, "toolzz", "/chat/")
    refused = await edit(toolzz_connected)
    failure.shows_in(toolzz_connected, refused, "toolzz")
    assert labels(refused) == failure.offers(AGAIN)


async def test_reading_again_leads_to_the_form(toolzz_connected: BotHarness) -> None:
    """The button under an error reads again into the same message, after a restart as well."""
    toolzz_connected.toolzz.fail(Answer(500))
    refused = await edit(toolzz_connected)
    await toolzz_connected.restart()
    await toolzz_connected.manager.click(final(refused).message, label=AGAIN)
    assert embed_of(refused).title == f"🔌 {english('toolzz.edit.today')}"
    await open_form(toolzz_connected, refused)


# --- what changes, and what stays ---


async def test_each_change_is_shown_old_and_new(toolzz_connected: BotHarness) -> None:
    """The question shows each change and nothing else, and nothing is sent before it is confirmed."""
    annex = toolzz_connected.guild.create_text_channel("annex")
    question = await propose(
        toolzz_connected, title="Front  desk ", channels=[annex], scope="none", switches=["threads"]
    )
    assert final(question).ephemeral
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.ask')}"
    assert lines(question)[1:] == [
        f"Title: {TITLE} → Front desk",
        "Answers: mentions only → nothing",
        "When mentioned: ✅ yes → 🚫 no",
        "Opens threads: 🚫 no → ✅ yes",
        english.plural("list.more", 2),
        english("toolzz.edit.ask_how"),
    ]
    assert labels(question) == [WRITE, KEEP, english("status.details")]
    await show_details(toolzz_connected, question)
    assert field(question, "Title") == f"{TITLE} → Front desk"
    assert field(question, "Answers") == "mentions only → nothing"
    assert field(question, "When mentioned") == "✅ yes → 🚫 no"
    assert field(question, "Opens threads") == "🚫 no → ✅ yes"
    assert field(question, english.plural("toolzz.edit.added", 1)) == f"<#{annex.id}>"
    assert field(question, english.plural("toolzz.edit.removed", 1)) == f"<#{toolzz_connected.channel.id}>"
    assert labels(question) == [WRITE, KEEP, english("status.details")]
    only = await propose(toolzz_connected, scope="all")
    assert lines(only)[1:-1] == ["Answers: mentions only → all messages"]
    assert labels(only) == [WRITE, KEEP]
    assert sent(toolzz_connected) == []


async def test_nothing_changed_sends_nothing(toolzz_connected: BotHarness) -> None:
    """A form that is sent without a change writes nothing, whatever values it shows."""
    report = toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.STRANGE]
    report["title"] = "  Two\nlines and " + "more " * 40
    for integration in (
        toolzz_connected.toolzz.CONNECTED,
        toolzz_connected.toolzz.CROWDED,
        toolzz_connected.toolzz.STRANGE,
    ):
        same = await propose(toolzz_connected, integration)
        assert embed_of(same).title == "💤 Nothing to change"
        assert labels(same) == []
    assert sent(toolzz_connected) == []


async def test_the_change_is_written_in_full(toolzz_connected: BotHarness) -> None:
    """One PUT has exactly the contract's fields: the changed ones, and all others as Toolzz reported them."""
    before = dict(toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED])
    question = await propose(toolzz_connected, title="Front desk")
    await press(toolzz_connected, question)
    (request,) = sent(toolzz_connected)
    assert request.method == "PUT"
    assert request.path.endswith(toolzz_connected.toolzz.CONNECTED)
    assert body_of(request).keys() == BODY
    assert body_of(request) == {name: before[name] for name in BODY} | {"title": "Front desk"}
    assert embed_of(question).title == f"✅ {english('toolzz.edit.done')}"
    assert lines(question)[0] == "**Front desk**"
    assert "</toolzz status:" in field(question, "Next step")
    assert labels(question) == []


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"scope": "none"}, {"scope": "none"}),
        ({"switches": []}, {"autoReplyOnMention": False}),
        ({"switches": ["mention", "threads"]}, {"threadAutoCreate": True}),
    ],
)
async def test_each_value_can_be_changed_alone(
    toolzz_connected: BotHarness, changes: dict[str, Any], written: dict[str, Any]
) -> None:
    """A change of one input changes one value, at Toolzz and in the answer."""
    before = {
        name: toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED][name] for name in BODY
    }
    question = await propose(toolzz_connected, **changes)
    await press(toolzz_connected, question)
    assert toolzz_connected.toolzz.updates == [before | written]
    assert embed_of(question).title == f"✅ {english('toolzz.edit.done')}"


async def test_channels_come_and_go(toolzz_connected: BotHarness) -> None:
    """Channels that stay keep their order and Toolzz's name, new ones follow, and both lists agree."""
    annex, lobby = (toolzz_connected.guild.create_text_channel(name) for name in ("annex", "lobby"))
    move_here(toolzz_connected, lobby, toolzz_connected.channel)
    detail = toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED]["channelsDetail"]
    detail[1]["name"] = "an older name"
    await press(toolzz_connected, await propose(toolzz_connected, channels=[annex, toolzz_connected.channel]))
    (body,) = toolzz_connected.toolzz.updates
    assert body["channelIds"] == [str(toolzz_connected.channel.id), str(annex.id)]
    assert body["channelsDetail"] == [detail[1], {"id": str(annex.id), "name": "annex"}]


async def test_channels_out_of_sight_stay(toolzz_connected: BotHarness) -> None:
    """Channels that the form does not show stay when the selection is not changed."""
    offer = await edit(toolzz_connected, toolzz_connected.toolzz.CROWDED)
    assert lines(offer)[-1] == english.plural("toolzz.edit.hidden", 39)
    form = await open_form(toolzz_connected, offer)
    assert "The form can't show 39 channels" in form_text(form)
    question = await fill_in(toolzz_connected, form, scope="all")
    assert [line.partition(":")[0] for line in lines(question)[1:-1]] == ["Answers"]
    await press(toolzz_connected, question)
    (body,) = toolzz_connected.toolzz.updates
    report = toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CROWDED]
    assert len(body["channelIds"]) == 40
    assert body["channelIds"] == report["channelIds"]
    assert body["permissions"] == "9007199254740993"


async def test_a_changed_selection_keeps_what_was_not_shown(toolzz_connected: BotHarness) -> None:
    """A changed selection removes only channels that the form showed."""
    annex = toolzz_connected.guild.create_text_channel("annex")
    before = list(toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CROWDED]["channelIds"])
    question = await propose(toolzz_connected, toolzz_connected.toolzz.CROWDED, channels=[annex])
    assert lines(question)[1:-1] == [
        f"{english.plural('toolzz.edit.added', 1)}: <#{annex.id}>",
        f"{english.plural('toolzz.edit.removed', 1)}: <#{toolzz_connected.channel.id}>",
    ]
    await press(toolzz_connected, question)
    kept = [channel for channel in before if channel != str(toolzz_connected.channel.id)]
    assert len(kept) == len(before) - 1
    assert toolzz_connected.toolzz.updates[0]["channelIds"] == [*kept, str(annex.id)]


async def test_25_of_more_are_shown(toolzz_connected: BotHarness) -> None:
    """Of 30 channels of this server the form shows 25, which is Discord's limit."""
    rooms = [toolzz_connected.guild.create_text_channel(f"room-{number}") for number in range(30)]
    move_here(toolzz_connected, *rooms)
    form = await open_form(toolzz_connected, await edit(toolzz_connected))
    assert len(fields_of(form)["channels"]["default_values"]) == 25
    assert "The form can't show 5 channels" in form_text(form)
    await press(toolzz_connected, await fill_in(toolzz_connected, form, title="Thirty rooms"))
    assert toolzz_connected.toolzz.updates[0]["channelIds"] == [str(room.id) for room in rooms]


async def test_without_any_channel_to_show_none_has_to_be_chosen(toolzz_connected: BotHarness) -> None:
    """An integration whose channels are all gone can be renamed, and keeps its channels."""
    toolzz_connected.toolzz.place_in_guild(
        str(toolzz_connected.guild.id), "Harbour Ops", [("1188765432109876501", "gone")]
    )
    form = await open_form(toolzz_connected, await edit(toolzz_connected))
    assert fields_of(form)["channels"]["required"] is False
    await press(toolzz_connected, await fill_in(toolzz_connected, form, title="Renamed"))
    (body,) = toolzz_connected.toolzz.updates
    assert (body["title"], body["channelIds"]) == ("Renamed", ["1188765432109876501"])


async def test_a_word_that_we_do_not_know_is_kept(toolzz_connected: BotHarness) -> None:
    """The form shows an undocumented scope, sends it unchanged, and lets the member replace it."""
    # The simulated Toolzz refuses what the contract does not allow.
    refused = await press(
        toolzz_connected, await propose(toolzz_connected, toolzz_connected.toolzz.STRANGE, title="Same scope")
    )
    assert shown(refused).startswith(f"❌ {english('problem.rejected.title', provider='Toolzz')}")
    assert body_of(sent(toolzz_connected)[0])["scope"] == "threads-only"
    question = await propose(toolzz_connected, toolzz_connected.toolzz.STRANGE, scope="all")
    assert "Answers: threads-only → all messages" in lines(question)
    await press(toolzz_connected, question)
    assert toolzz_connected.toolzz.updates[-1]["scope"] == "all"


@pytest.mark.parametrize("title", ["", "  ", "\u200b", "\N{WAVING HAND SIGN}" * 51])
async def test_a_title_that_is_none_is_refused(toolzz_connected: BotHarness, title: str) -> None:
    """A title that is invisible or too long is refused, with a button to the form."""
    form = await open_form(toolzz_connected, await edit(toolzz_connected))
    if title:
        refused = await fill_in(toolzz_connected, form, title=title)
        assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.title.title')}")
        assert labels(refused) == [AGAIN]
    assert fields_of(form)["title"]["required"]
    assert sent(toolzz_connected) == []


async def test_a_channel_that_is_gone_is_an_error(toolzz_connected: BotHarness) -> None:
    """A channel that was deleted while the form was open is refused, and nothing is written."""
    doomed = toolzz_connected.guild.create_text_channel("doomed")
    form = await open_form(toolzz_connected, await edit(toolzz_connected))
    toolzz_connected.bot.get_guild(toolzz_connected.guild.id)._channels.pop(doomed.id)  # type: ignore[union-attr]
    refused = await fill_in(toolzz_connected, form, channels=[toolzz_connected.channel, doomed])
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.channels.title')}")
    assert sent(toolzz_connected) == []


async def test_who_does_not_confirm_sends_nothing(toolzz_connected: BotHarness) -> None:
    """Declining, and a minute without an answer, write nothing, and the answer says so."""
    question = await propose(toolzz_connected, scope="all")
    await press(toolzz_connected, question, KEEP)
    assert embed_of(question).title == "💤 Nothing was changed"
    assert labels(question) == [AGAIN]
    question = await propose(toolzz_connected, scope="all")
    await toolzz_connected.env.advance_time(61)
    assert (embed_of(question).description or "").startswith("No one answered within 60 seconds")
    assert "</toolzz edit:" in field(question, "Next step")
    again = await press(toolzz_connected, question, AGAIN)
    assert again.followups == []
    assert labels(question) == [EDIT]
    assert sent(toolzz_connected) == []

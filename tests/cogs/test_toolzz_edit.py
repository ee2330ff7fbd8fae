"""Changing a Toolzz integration: what is shown, what the form does, and what its answer changes."""

from typing import Any

import pytest

from bot.i18n.catalog import LOCALES
from bot.kit.simulator import Answer
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.toolzz_editing import (
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
from tests.cogs.toolzz_steps import BODY, body_of, fields_of, move_here, sent
from tests.cogs.town import Town, embed_of, field, final, labels, said_in, shown
from tests.ui.test_theme import accepted, utf16

# --- what is shown ---


async def test_todays_settings_are_shown_first(office: Town) -> None:
    """Title, channels and replies stand there, with a button and how long it can be pressed."""
    offer = await edit(office)
    assert offer.ephemeral
    assert embed_of(offer).title == "🔌 Today's settings"
    assert field(offer, "Title") == TITLE
    assert field(offer, "1 channel") == f"<#{office.channel.id}>"
    assert field(offer, "Replies").splitlines() == [
        "Answers: mentions only",
        "When mentioned: ✅ yes",
        "Opens threads: 🚫 no",
    ]
    assert "15 minutes" in field(offer, "Next step")
    assert office.toolzz.CONNECTED in (embed_of(offer).footer.text or "")
    assert labels(offer) == [EDIT]


async def test_the_form_has_todays_values(office: Town) -> None:
    """Each input shows what Toolzz has now, and nothing asks for the token."""
    form = await open_form(office, await edit(office, office.toolzz.CONNECTED))
    assert set(fields_of(form)) == {"title", "channels", "scope", "switches"}
    assert said_in(form) == ""
    values = today(office, form)
    assert (values["title"], values["scope"], values["switches"]) == (TITLE, "mentions", ["mention"])
    assert [channel.id for channel in values["channels"]] == [office.channel.id]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", ["CONNECTED", "CROWDED", "STRANGE", "INACTIVE"])
async def test_offer_and_form_are_within_the_limits(office: Town, locale: str, name: str) -> None:
    """Whatever Toolzz reports, Discord takes the embed and the form, in both languages."""
    office.locale = locale
    offer = await edit(office, getattr(office.toolzz, name))
    assert accepted(embed_of(offer))
    form = await open_form(office, offer, office.texts("toolzz.edit.button"))
    for each in fields_of(form).values():
        assert 1 <= utf16(each["text"]) <= 45
        assert 1 <= utf16(each["how"]) <= 100
        for option in each.get("options", []):
            assert 1 <= utf16(option["label"]) <= 100
            assert 1 <= utf16(option["description"]) <= 100


async def test_an_integration_is_suggested(office: Town) -> None:
    """The command suggests what the status command does, and takes a title that was suggested."""
    choices = await office.manager.autocomplete(office.channel, "toolzz edit", "integration", "suporte")
    assert [choice["value"] for choice in choices] == [office.toolzz.CONNECTED]
    assert field(await edit(office, "suporte da loja"), "Title") == TITLE


# --- what cannot be changed here ---


async def test_what_runs_elsewhere_is_refused(office: Town) -> None:
    """Another server's integration is neither shown nor changed."""
    refused = await edit(office, office.toolzz.ELSEWHERE)
    assert shown(refused).startswith("⚠️ This integration runs in another server")
    assert labels(refused) == []


async def test_what_is_deleted_is_refused(office: Town) -> None:
    """A soft-deleted integration is told as such."""
    refused = await edit(office, office.toolzz.DELETED)
    assert shown(refused).startswith("⚠️ This integration is deleted in Toolzz")


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("botId", "the agent"),
        ("unitId", "the unit"),
        ("title", "the title"),
        ("guildId", "the server's id"),
        ("guildName", "the server's name"),
        ("permissions", "the permissions"),
        ("autoReplyOnMention", "whether it replies when mentioned"),
        ("threadAutoCreate", "whether it opens threads"),
        ("scope", "what it answers"),
        ("channelIds", "the channels"),
    ],
)
async def test_what_toolzz_does_not_tell_stops_the_form(office: Town, name: str, lacks: str) -> None:
    """Each thing that a write would overwrite unread is named, and there is no button."""
    report = office.toolzz.integrations[office.toolzz.CONNECTED]
    del report[name]
    if name == "channelIds":
        del report["channelsDetail"]
    offer = await edit(office)
    assert embed_of(offer).title == "⚠️ I cannot change this safely"
    assert field(offer, "Not told") == lacks
    assert field(offer, "Next step") == office.linked(office.texts("toolzz.edit.impossible_next"))
    assert labels(offer) == []


async def test_the_units_list_can_tell_the_rest(town: Town) -> None:
    """The short form is filled from the list; without a unit it is not, and that is the next step."""
    form = await town.open_form("add", "toolzz")
    await town.manager.submit_modal(form, {"access_token": town.toolzz.credentials["access_token"]})
    move_here(town)
    offer = await edit(town, town.toolzz.INACTIVE)
    assert "the title" in field(offer, "Not told")
    assert "</connections rotate:" in field(offer, "Next step")
    form = await town.open_form("rotate", "toolzz")
    await town.manager.submit_modal(form, dict(town.toolzz.credentials))
    assert labels(await edit(town, town.toolzz.INACTIVE)) == [EDIT]


@pytest.mark.parametrize("text", ["../admin", "a b", "x" * 65])
async def test_what_is_no_id_is_refused_without_asking(office: Town, text: str) -> None:
    """Text that could change the request's path never gets into one."""
    office.toolzz.requests.clear()
    assert shown(await edit(office, text)).startswith("⚠️ I do not know this integration")
    assert not office.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_report_that_cannot_be_read_is_explained(office: Town, failure: Failure) -> None:
    """Each failure is told apart and offers to read again, but for what Toolzz does not have."""
    failure.strike(office, "toolzz", "/chat/")
    refused = await edit(office)
    failure.shows_in(office, refused, "toolzz")
    assert labels(refused) == failure.offers(AGAIN)


async def test_reading_again_leads_to_the_form(office: Town) -> None:
    """The button under an error reads anew into the same message, in a new process too."""
    office.toolzz.fail(Answer(500))
    refused = await edit(office)
    await office.restart()
    await office.manager.click(final(refused).message, label=AGAIN)
    assert embed_of(refused).title == "🔌 Today's settings"
    await open_form(office, refused)


# --- what changes, and what stays ---


async def test_each_change_is_shown_old_and_new(office: Town) -> None:
    """What is going to change is named, all else is not, and nothing was sent yet."""
    annex = office.guild.create_text_channel("annex")
    question = await propose(
        office, title="Front  desk ", channels=[annex], scope="none", switches=["threads"]
    )
    assert final(question).ephemeral
    assert embed_of(question).title == "⚠️ Write these changes to Toolzz?"
    assert field(question, "Title") == f"{TITLE} → Front desk"
    assert field(question, "Answers") == "mentions only → nothing"
    assert field(question, "When mentioned") == "✅ yes → 🚫 no"
    assert field(question, "Opens threads") == "🚫 no → ✅ yes"
    assert field(question, "1 channel comes") == f"<#{annex.id}>"
    assert field(question, "1 channel goes") == f"<#{office.channel.id}>"
    assert labels(question) == [WRITE, KEEP]
    only = await propose(office, scope="all")
    assert [item.name for item in embed_of(only).fields] == ["Integration", "Answers", "➡️ Next step"]
    assert sent(office) == []


async def test_nothing_changed_sends_nothing(office: Town) -> None:
    """Who sends the form as it came is told so; a long, crowded, strange one included."""
    report = office.toolzz.integrations[office.toolzz.STRANGE]
    report["title"] = "  Two\nlines and " + "more " * 40
    for integration in (office.toolzz.CONNECTED, office.toolzz.CROWDED, office.toolzz.STRANGE):
        same = await propose(office, integration)
        assert embed_of(same).title == "💤 Nothing to change"
        assert labels(same) == []
    assert sent(office) == []


async def test_the_change_is_written_in_full(office: Town) -> None:
    """One PUT with exactly the contract's fields: what was changed, and all else as Toolzz reported it."""
    before = dict(office.toolzz.integrations[office.toolzz.CONNECTED])
    question = await propose(office, title="Front desk")
    await press(office, question)
    (request,) = sent(office)
    assert request.method == "PUT"
    assert request.path.endswith(office.toolzz.CONNECTED)
    assert body_of(request).keys() == BODY
    assert body_of(request) == {name: before[name] for name in BODY} | {"title": "Front desk"}
    assert embed_of(question).title == "✅ Toolzz has the new settings"
    assert field(question, "Title") == "Front desk"
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
    office: Town, changes: dict[str, Any], written: dict[str, Any]
) -> None:
    """What one input says becomes one value, in the simulated Toolzz and in the answer."""
    before = {name: office.toolzz.integrations[office.toolzz.CONNECTED][name] for name in BODY}
    question = await propose(office, **changes)
    await press(office, question)
    assert office.toolzz.updates == [before | written]
    assert embed_of(question).title == "✅ Toolzz has the new settings"


async def test_channels_come_and_go(office: Town) -> None:
    """Those that stay keep their place and the name that Toolzz has, new ones follow; both views agree."""
    annex, lobby = (office.guild.create_text_channel(name) for name in ("annex", "lobby"))
    move_here(office, lobby, office.channel)
    detail = office.toolzz.integrations[office.toolzz.CONNECTED]["channelsDetail"]
    detail[1]["name"] = "an older name"
    await press(office, await propose(office, channels=[annex, office.channel]))
    (body,) = office.toolzz.updates
    assert body["channelIds"] == [str(office.channel.id), str(annex.id)]
    assert body["channelsDetail"] == [detail[1], {"id": str(annex.id), "name": "annex"}]


async def test_channels_out_of_sight_stay(office: Town) -> None:
    """40 channels, of which the form shows one: they all stay when the selection is left alone."""
    offer = await edit(office, office.toolzz.CROWDED)
    assert "39 channels do not show in the form" in field(offer, "Not in the form")
    form = await open_form(office, offer)
    assert "39 channels do not show" in said_in(form)
    question = await fill_in(office, form, scope="all")
    assert [item.name for item in embed_of(question).fields][1:-1] == ["Answers"]
    await press(office, question)
    (body,) = office.toolzz.updates
    report = office.toolzz.integrations[office.toolzz.CROWDED]
    assert len(body["channelIds"]) == 40
    assert body["channelIds"] == report["channelIds"]
    assert body["permissions"] == "9007199254740993"


async def test_a_changed_selection_keeps_what_was_not_shown(office: Town) -> None:
    """Who changes the selection takes out what stood in it, and nothing else."""
    annex = office.guild.create_text_channel("annex")
    before = list(office.toolzz.integrations[office.toolzz.CROWDED]["channelIds"])
    question = await propose(office, office.toolzz.CROWDED, channels=[annex])
    assert field(question, "1 channel goes") == f"<#{office.channel.id}>"
    assert field(question, "1 channel comes") == f"<#{annex.id}>"
    await press(office, question)
    kept = [channel for channel in before if channel != str(office.channel.id)]
    assert len(kept) == len(before) - 1
    assert office.toolzz.updates[0]["channelIds"] == [*kept, str(annex.id)]


async def test_25_of_more_are_shown(office: Town) -> None:
    """Of 30 channels of this server the form shows as many as a select holds."""
    rooms = [office.guild.create_text_channel(f"room-{number}") for number in range(30)]
    move_here(office, *rooms)
    form = await open_form(office, await edit(office))
    assert len(fields_of(form)["channels"]["default_values"]) == 25
    assert "5 channels do not show" in said_in(form)
    await press(office, await fill_in(office, form, title="Thirty rooms"))
    assert office.toolzz.updates[0]["channelIds"] == [str(room.id) for room in rooms]


async def test_without_any_channel_to_show_none_has_to_be_chosen(office: Town) -> None:
    """An integration whose channels are all gone can still be renamed, and they are kept."""
    office.toolzz.place_in_guild(str(office.guild.id), "Harbour Ops", [("1188765432109876501", "gone")])
    form = await open_form(office, await edit(office))
    assert fields_of(form)["channels"]["required"] is False
    await press(office, await fill_in(office, form, title="Renamed"))
    (body,) = office.toolzz.updates
    assert (body["title"], body["channelIds"]) == ("Renamed", ["1188765432109876501"])


async def test_a_word_that_we_do_not_know_is_kept(office: Town) -> None:
    """A scope of Toolzz's own stands in the form, goes back as it came, and can be left for another."""
    # What the contract does not know, the simulated Toolzz refuses; that is told as any refusal.
    refused = await press(office, await propose(office, office.toolzz.STRANGE, title="Same scope"))
    assert shown(refused).startswith("❌ Toolzz did not accept the request")
    assert body_of(sent(office)[0])["scope"] == "threads-only"
    question = await propose(office, office.toolzz.STRANGE, scope="all")
    assert field(question, "Answers") == "threads-only → all messages"
    await press(office, question)
    assert office.toolzz.updates[-1]["scope"] == "all"


@pytest.mark.parametrize("title", ["", "  ", "\u200b", "\N{WAVING HAND SIGN}" * 51])
async def test_a_title_that_is_none_is_refused(office: Town, title: str) -> None:
    """A title has to be seen and to fit; the way back to the form is under the refusal."""
    form = await open_form(office, await edit(office))
    if title:
        refused = await fill_in(office, form, title=title)
        assert shown(refused).startswith("⚠️ This title does not work")
        assert labels(refused) == [AGAIN]
    assert fields_of(form)["title"]["required"]
    assert sent(office) == []


async def test_a_channel_that_is_gone_is_an_error(office: Town) -> None:
    """A channel that was deleted while the form was open is not written anywhere."""
    doomed = office.guild.create_text_channel("doomed")
    form = await open_form(office, await edit(office))
    office.bot.get_guild(office.guild.id)._channels.pop(doomed.id)  # type: ignore[union-attr]
    refused = await fill_in(office, form, channels=[office.channel, doomed])
    assert shown(refused).startswith("⚠️ I cannot use these channels")
    assert sent(office) == []


async def test_who_does_not_confirm_sends_nothing(office: Town) -> None:
    """Keeping it, and a minute without an answer, write nothing, and say so."""
    question = await propose(office, scope="all")
    await press(office, question, KEEP)
    assert embed_of(question).title == "💤 Nothing was changed"
    assert labels(question) == []
    question = await propose(office, scope="all")
    await office.env.advance_time(61)
    assert (embed_of(question).description or "").startswith("Nobody answered within 60 seconds")
    assert "</toolzz edit:" in field(question, "Next step")
    assert sent(office) == []

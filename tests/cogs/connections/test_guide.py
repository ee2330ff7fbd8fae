"""What comes before the credentials form: where each secret is found; and the form's fixed choices."""

from typing import Any, Final

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES
from bot.providers import slugs
from tests.support.harness import (
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    inputs,
    labels,
    only_button,
    shown,
)
from tests.support.setup_steps import choose, field_of, open_setup

RADIO_GROUP: Final = discord.ComponentType.radio_group.value
TEXT_INPUT: Final = discord.ComponentType.text_input.value
LABEL: Final = discord.ComponentType.label.value
KIND: Final = "user_id_type"
FORMS: Final = {"add": "connections.find.button", "rotate": "connections.rotate.button"}


async def run(
    harness: BotHarness, action: str, provider: str, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Run a command that leads to the credentials form."""
    member = actor or harness.manager
    return await member.slash(harness.channel, f"connections {action}", provider=provider)


def component_of(form: simcord.InteractionResult, custom_id: str) -> dict[str, Any]:
    """Return an input of a form."""
    (found,) = (each for each in inputs(form) if each["custom_id"] == custom_id)
    return found


async def send_raw(
    harness: BotHarness, form: simcord.InteractionResult, values: dict[str, object]
) -> simcord.InteractionResult:
    """Send a form with values that no client offers. values: by custom id, None for a group left alone."""
    assert form.modal is not None
    sent = [
        {"type": LABEL, "component": {"type": each["type"], "custom_id": name, "value": values.get(name, "")}}
        for each in inputs(form)
        if (name := each["custom_id"])
    ]
    data = {"custom_id": form.modal["custom_id"], "components": sent}
    return await harness.interact(discord.InteractionType.modal_submit, harness.manager, data)


# --- where to find them ---


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("action", FORMS)
@pytest.mark.parametrize("provider", slugs())
async def test_each_secret_s_place_is_told_before_the_form(
    harness: BotHarness, provider: str, action: str, locale: str
) -> None:
    """A form cannot be left on a phone: what to fetch, and where, stands in a message that stays."""
    if action == "rotate":
        await harness.connect(provider)
    harness.locale, kind = locale, harness.bot.services.providers[provider]
    guide = await run(harness, action, provider)
    assert guide.modal is None
    assert guide.ephemeral
    assert embed_of(guide).title == f"🔑 {harness.texts('connections.find', provider=kind.name)}"
    for each in kind.fields:
        label = harness.texts(f"{kind.field_key(each.id)}.label")
        where = harness.texts(f"{kind.field_key(each.id)}.description")
        assert label in shown(guide)
        assert (f"**{label}** · {where}" in shown(guide)) is (each.required or each.secret)
        assert each.page is None or f"]({each.page})" in shown(guide)
    button = harness.texts(FORMS[action])
    assert only_button(guide)["label"] == button
    assert field(guide, harness.texts("next_step")) == harness.texts("connections.find_next", button=button)
    form = await harness.manager.click(final(guide).message, label=button)
    assert [each["custom_id"] for each in inputs(form)] == [each.id for each in kind.fields]


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_way_to_the_form_stays_open(harness: BotHarness, restarted: bool) -> None:
    """Who closed the form to fetch the secret opens it again from the same message, after a restart too."""
    guide = await run(harness, "add", "toolzz")
    await harness.open_form_of(guide)
    if restarted:
        await harness.restart()
    form = await harness.open_form_of(guide)
    stored = await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert embed_of(stored).title == f"✅ {harness.texts('connections.add.done', provider='Toolzz')}"


async def test_a_name_that_was_taken_meanwhile_opens_no_form(harness: BotHarness) -> None:
    """The button looks again: two members may be reading the same."""
    guide = await run(harness, "add", "toolzz")
    await harness.connect("toolzz")
    refused = await harness.manager.click(final(guide).message, label=labels(guide)[0])
    assert refused.modal is None
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.connection_exists.title')}"


async def test_what_comes_before_the_form_asks_no_provider(harness: BotHarness) -> None:
    """It is shown whether or not the provider answers."""
    await harness.sensay.stop()
    assert labels(await run(harness, "add", "sensay")) == [harness.texts("connections.find.button")]
    assert not harness.sensay.requests


async def test_credentials_that_are_not_there_cannot_be_replaced(harness: BotHarness) -> None:
    """Nobody is sent to fetch a secret that cannot be entered."""
    refused = await run(harness, "rotate", "toolzz")
    assert embed_of(refused).title == (f"⚠️ {harness.texts('problem.no_connection.title', provider='Toolzz')}")


async def test_reading_and_opening_are_counted_apart(harness: BotHarness) -> None:
    """Reading where a secret is costs none of the five forms a minute."""
    guides = [await run(harness, "add", "sensay") for _ in range(5)]
    for guide in guides:
        await harness.open_form_of(guide)
    for refused in (
        await run(harness, "add", "sensay"),
        await harness.manager.click(final(guides[0]).message, label=labels(guides[0])[0]),
    ):
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.cooldown.title')}"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("provider", slugs())
async def test_the_setup_tells_it_without_another_press(
    harness: BotHarness, provider: str, locale: str
) -> None:
    """Its first step says where each secret is, above the button that opens the form."""
    harness.locale, kind = locale, harness.bot.services.providers[provider]
    steps = await choose(harness, await open_setup(harness), provider)
    told = field_of(harness, steps, "credentials")
    for each in kind.fields:
        assert harness.texts(f"{kind.field_key(each.id)}.label") in told
        assert each.page is None or f"]({each.page})" in told
    form = await harness.manager.click(final(steps).message, label=harness.texts("setup.enter_button"))
    assert form.modal is not None


# --- fixed choices ---


@pytest.mark.parametrize("provider", slugs())
async def test_no_fixed_choice_is_typed(harness: BotHarness, provider: str) -> None:
    """What has fixed values is a radio group, with an entry for none where it may be left out."""
    form = await harness.open_form("add", provider)
    for each in harness.bot.services.providers[provider].fields:
        component = component_of(form, each.id)
        assert component["type"] == (RADIO_GROUP if each.choices else TEXT_INPUT)
        assert component["required"] is each.required
        if each.choices:
            offered = [option["value"] for option in component["options"]]
            assert offered == [*([] if each.required else ["none"]), *each.choices]
            default = [option["value"] for option in component["options"] if option["default"]]
            assert default == ([] if each.required else ["none"])


@pytest.mark.parametrize("kind", ["discord", "telegram", "embed"])
async def test_what_is_chosen_is_sent(harness: BotHarness, kind: str) -> None:
    """The kind of a user id reaches Sensay as Sensay writes it."""
    form = await harness.open_form("add", "sensay")
    user = {"user_id": harness.sensay.OWNER_DISCORD_ID, KIND: kind}
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, **user})
    assert harness.sensay.requests[-1].headers["X-USER-ID-TYPE"] == kind


@pytest.mark.parametrize("left", ["none", None, ""])
async def test_what_is_left_out_is_not_sent(harness: BotHarness, left: str | None) -> None:
    """Without a choice, however a client says so, the id is Sensay's own."""
    form = await harness.open_form("add", "sensay")
    user = {"user_id": harness.sensay.OWNER, KIND: left}
    added = await send_raw(harness, form, {**harness.sensay.credentials, **user})
    assert harness.texts("connections.add.done", provider="Sensay") in (embed_of(added).title or "")
    assert "X-USER-ID-TYPE" not in harness.sensay.requests[-1].headers


async def test_a_secret_may_be_any_word(harness: BotHarness) -> None:
    """The value that stands for no choice means nothing in a text input."""
    form = await harness.open_form("add", "toolzz")
    await send_raw(harness, form, {"access_token": "none", "unit_id": harness.toolzz.UNIT})
    assert harness.toolzz.requests[-1].headers["Authorization"] == "Bearer none"


NOT_OFFERED: Final = (
    "slack",
    "none ",
    "discord\u0301",
    "discord,telegram",
    "\N{WAVING HAND SIGN}",
    "x" * 4000,
)


@pytest.mark.parametrize("value", NOT_OFFERED)
async def test_a_value_that_was_not_offered_is_refused(harness: BotHarness, value: str) -> None:
    """What arrives is checked again, as anybody can send anything."""
    form = await harness.open_form("add", "sensay")
    user = {"user_id": harness.sensay.OWNER, KIND: value}
    refused = await send_raw(harness, form, {**harness.sensay.credentials, **user})
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.not_a_choice.title')}"
    assert not harness.sensay.requests
    assert buttons(refused)

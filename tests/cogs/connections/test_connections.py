"""What managers do with `/connections`, and everything that can stop them."""

import json
import re

import pytest

from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.failures import FAILURES, NAMES, OUR_REFERENCE, Failure
from tests.support.harness import BotHarness, embed_of, field, final, inputs, labels, only_button, shown

INPUTS = {"sensay": ["organization_secret", "user_id", "user_id_type"], "toolzz": ["access_token", "unit_id"]}
SECRETS = {"sensay": "organization_secret", "toolzz": "access_token"}
SECONDS_TO_CONFIRM = 60

every_provider = pytest.mark.parametrize("provider", ["sensay", "toolzz"])


# --- add ---


@every_provider
async def test_credentials_that_work_are_stored(harness: BotHarness, provider: str) -> None:
    """The answer names the provider, the connection, what is set, and the command to go on with."""
    added = await harness.connect(provider)
    assert added.ephemeral
    assert embed_of(added).title == f"✅ {english('connections.add.done', provider=NAMES[provider])}"
    assert field(added, "Connection").splitlines()[0] == "`default`"
    assert "set, ends in `0001`" in field(added, "Connection")
    next_command = {"sensay": "</sensay connect:", "toolzz": "</toolzz status:"}[provider]
    assert next_command in field(added, "Next step")
    assert f"**{NAMES[provider]}** · `default`" in await harness.listed()


async def test_an_optional_input_shows_whether_it_is_set(harness: BotHarness) -> None:
    """A user id is named as set or not set, and its value is not repeated."""
    form = await harness.open_form("add", "sensay")
    credentials = {**harness.sensay.credentials, "user_id": harness.sensay.OWNER}
    added = await harness.manager.submit_modal(form, credentials)
    assert field(added, "Connection").splitlines()[2:] == ["User ID: set", "User ID type: not set"]
    assert harness.sensay.OWNER not in shown(added)


async def test_blanks_around_a_value_do_not_matter(harness: BotHarness) -> None:
    """What a member pasted with blanks and line ends around it is sent and stored without them."""
    form = await harness.open_form("add", "toolzz")
    typed = {name: f" \t{value} \n" for name, value in harness.toolzz.credentials.items()}
    assert "credentials saved" in shown(await harness.manager.submit_modal(form, typed))
    assert harness.toolzz.requests[-1].headers["Authorization"] == (
        f"Bearer {harness.toolzz.credentials['access_token']}"
    )


async def test_a_user_id_of_another_kind_is_sent_with_its_kind(harness: BotHarness) -> None:
    """The kind of a user id reaches Sensay with it."""
    form = await harness.open_form("add", "sensay")
    user = {"user_id": harness.sensay.OWNER_DISCORD_ID, "user_id_type": "discord"}
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, **user})
    headers = harness.sensay.requests[-1].headers
    assert (headers["X-USER-ID"], headers["X-USER-ID-TYPE"]) == (harness.sensay.OWNER_DISCORD_ID, "discord")


async def test_a_name_is_stored_in_lower_case(harness: BotHarness) -> None:
    """A name typed with capitals and blanks becomes the name that all commands know."""
    assert field(await harness.connect("toolzz", "  Loja-2 "), "Connection").splitlines()[0] == "`loja-2`"


@every_provider
async def test_the_form_has_the_fixed_inputs_and_nothing_in_them(harness: BotHarness, provider: str) -> None:
    """The inputs have known custom ids and no value; the form says that Discord does not mask them."""
    form = await harness.open_form("add", provider)
    assert [item["custom_id"] for item in inputs(form)] == INPUTS[provider]
    assert not any(item.get("value") for item in inputs(form))
    assert "doesn't hide what you type" in json.dumps(form.modal)


async def test_each_opening_of_a_form_is_its_own(harness: BotHarness) -> None:
    """A form's own custom id is never used twice, so that no answer can reach somebody else's form."""
    ids = [(await harness.open_form("add", "sensay")).modal for _ in range(2)]
    assert len({form["custom_id"] for form in ids if form}) == 2


@every_provider
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_nothing_is_stored(
    harness: BotHarness, provider: str, failure: Failure
) -> None:
    """Each failure has its own title, reason, advice and reference; all but 415 offer the form again."""
    failure.strike(harness, provider)
    form = await harness.open_form("add", provider)
    refused = await harness.manager.submit_modal(form, dict(harness.simulator(provider).credentials))
    failure.of_entered_credentials(provider).shows_in(harness, refused, provider)
    assert refused.ephemeral
    assert labels(refused) == ([] if failure.key == "unsupported_media" else ["Enter credentials again"])
    assert english("connections.list.none") in await harness.listed()


@every_provider
async def test_a_provider_that_is_down_is_told_apart(harness: BotHarness, provider: str) -> None:
    """Where nobody listens, the answer says so and that it may be the network."""
    form = await harness.open_form("add", provider)
    await harness.simulator(provider).stop()
    refused = shown(await harness.manager.submit_modal(form, dict(harness.simulator(provider).credentials)))
    assert refused.startswith(f"❌ {english('problem.unreachable.title', provider=NAMES[provider])}")
    assert OUR_REFERENCE.search(refused)
    assert english("connections.list.none") in await harness.listed()


@every_provider
async def test_refused_credentials_are_not_stored(harness: BotHarness, provider: str) -> None:
    """Credentials that the provider itself refuses never get into the list."""
    form = await harness.open_form("add", provider)
    refused = await harness.manager.submit_modal(form, dict(harness.simulator(provider).refused_credentials))
    assert shown(refused).startswith(f"❌ {NAMES[provider]} refused the credentials")
    assert "Nothing was changed here." in (embed_of(refused).description or "")
    assert field(refused, "What to do") == (
        f"Copy them again from {NAMES[provider]}, then press the button below."
    )
    assert only_button(refused)["label"] == "Enter credentials again"
    assert english("connections.list.none") in await harness.listed()


UNUSABLE = "Invalid characters\n**{}** contains spaces or invalid characters."
BAD_INPUTS = {
    "only blanks": (
        {"organization_secret": "   "},
        "Required field is empty\n**Organization secret** is empty.",
    ),
    "a blank inside": (
        {"organization_secret": "FAKE TOKEN with blanks"},
        UNUSABLE.format("Organization secret"),
    ),
    "a line end inside": (
        {"user_id": "a\nX-ORGANIZATION-SECRET: b"},
        UNUSABLE.format(english("credential.sensay.user_id.label")),
    ),
    "beyond ASCII": ({"user_id": "ação"}, UNUSABLE.format(english("credential.sensay.user_id.label"))),
    "one without the other": (
        {"user_id_type": "discord"},
        "Two fields belong together\n**User ID type** needs **User ID**, which is empty.",
    ),
}


@pytest.mark.parametrize("kind", BAD_INPUTS)
async def test_impossible_input_is_refused_before_anything_is_sent(harness: BotHarness, kind: str) -> None:
    """The answer names the input and the rule, not the value, and the provider never hears of it."""
    typed, words = BAD_INPUTS[kind]
    form = await harness.open_form("add", "sensay")
    refused = await harness.manager.submit_modal(form, {**harness.sensay.credentials, **typed})
    assert shown(refused).startswith(f"⚠️ {words}")
    assert OUR_REFERENCE.search(shown(refused))
    assert only_button(refused)["label"] == "Enter credentials again"
    assert not harness.sensay.requests
    assert english("connections.list.none") in await harness.listed()


@pytest.mark.parametrize("name", ["", "-dash-first", "with blank", "ação", "x" * 21, "a/b"])
async def test_a_name_that_does_not_work_is_refused_at_once(harness: BotHarness, name: str) -> None:
    """Nobody fills in a form for a name that cannot be stored."""
    refused = await harness.manager.slash(harness.channel, "connections add", provider="toolzz", name=name)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.name.title')}\nA name has 1 to 20")
    assert refused.modal is None


async def test_a_name_that_is_taken_is_refused_at_once(harness: BotHarness) -> None:
    """A second connection of the same name is not offered a form; rotate is named instead."""
    await harness.connect("sensay", "desk")
    refused = await harness.manager.slash(harness.channel, "connections add", provider="sensay", name="DESK")
    assert shown(refused).startswith(
        "⚠️ This connection already exists\nThis server already has a Sensay connection named desk."
    )
    assert "</connections rotate:" in field(refused, "What to do")
    assert refused.modal is None


async def test_a_name_taken_while_the_form_was_open_is_refused(harness: BotHarness) -> None:
    """Of two forms for one name, the second to be sent changes nothing."""
    first, second = [await harness.open_form("add", "toolzz") for _ in range(2)]
    await harness.manager.submit_modal(first, dict(harness.toolzz.credentials))
    only_token = {"access_token": harness.toolzz.credentials["access_token"]}
    refused = await harness.manager.submit_modal(second, only_token)
    assert shown(refused).startswith(f"⚠️ {english('problem.connection_exists.title')}")
    assert "Unit ID: set" in await harness.listed()


# --- the way back to the form ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_retry_button_opens_the_form_again(harness: BotHarness, restarted: bool) -> None:
    """After a refusal one press leads back to an empty form of the same connection, after a restart too."""
    form = await harness.open_form("add", "sensay", "desk")
    refused = await harness.manager.submit_modal(form, dict(harness.sensay.refused_credentials))
    if restarted:
        await harness.restart()
    again = await harness.manager.click(final(refused).message, label="Enter credentials again")
    assert [item["custom_id"] for item in inputs(again)] == INPUTS["sensay"]
    assert not any(item.get("value") for item in inputs(again))
    added = await harness.manager.submit_modal(again, dict(harness.sensay.credentials))
    assert field(added, "Connection").splitlines()[0] == "`desk`"


async def test_a_form_that_was_open_during_a_restart_is_answered(harness: BotHarness) -> None:
    """A member who sends a form after the bot's restart is told to run the command again."""
    form = await harness.open_form("add", "sensay")
    await harness.restart()
    stale = await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    assert stale.ephemeral
    assert shown(stale).startswith(f"⚠️ {english('problem.stale_component.title')}")
    assert english("connections.list.none") in await harness.listed()


# --- list ---


async def test_an_empty_list_says_how_to_begin(harness: BotHarness) -> None:
    """Without a connection the list explains what one is and leads to `/setup`."""
    empty = await harness.manager.slash(harness.channel, "connections list")
    assert empty.ephemeral
    assert embed_of(empty).title == f"🔌 {english('connections.list.none')}"
    assert "</setup:" in field(empty, "Next step")


async def test_the_list_has_an_entry_for_each_connection(harness: BotHarness) -> None:
    """Each entry shows name, what is set, by whom and when, and when it last worked."""
    await harness.connect("toolzz", "loja")
    await harness.connect("sensay")
    result = await harness.manager.slash(harness.channel, "connections list")
    assert embed_of(result).title == "🔌 2 connections"
    first, second = (embed_of(result).description or "").split("\n\n")
    assert first.startswith("**Sensay** · `default`\nOrganization secret: set, ends in `0001`\n")
    assert second.startswith("**Toolzz** · `loja`\nAccess token: set, ends in `0001`\nUnit ID: set\n")
    for entry in (first, second):
        assert f"\nSaved by <@{harness.manager.id}> <t:" in entry
        assert re.search(r"\nLast worked <t:\d+:R>$", entry)
    assert "</connections test:" in field(result, "Next step")


async def test_a_row_that_cannot_be_read_is_shown_as_such(harness: BotHarness) -> None:
    """A damaged secret is marked with how to repair it, and the other connection is not affected."""
    await harness.connect("sensay")
    await harness.connect("toolzz")
    harness.damage("sensay")
    result = await harness.manager.slash(harness.channel, "connections list")
    broken, sound = (embed_of(result).description or "").split("\n\n")
    assert "⚠️ **Needs attention** · These credentials can't be read." in broken
    assert "ends in" not in broken
    assert "Access token: set, ends in `0001`" in sound
    assert "</connections rotate:" in field(result, "Next step")
    assert (embed_of(result).title or "").startswith("⚠️")


async def test_a_row_that_cannot_be_read_can_be_repaired(harness: BotHarness) -> None:
    """A test refuses a damaged connection, and a rotation repairs it."""
    await harness.connect("sensay")
    harness.damage("sensay")
    tested = await harness.manager.slash(harness.channel, "connections test", provider="sensay")
    assert shown(tested).startswith(f"❌ {english('problem.unreadable_secret.title')}")
    form = await harness.open_form("rotate", "sensay")
    rotated = await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    assert "credentials replaced" in shown(rotated)
    assert "can't be read" not in await harness.listed()


# --- test ---


@every_provider
async def test_stored_credentials_are_tried(harness: BotHarness, provider: str) -> None:
    """A test asks the provider once and says when it last worked."""
    await harness.connect(provider)
    before = len(harness.simulator(provider).requests)
    tested = await harness.manager.slash(harness.channel, "connections test", provider=provider)
    assert embed_of(tested).title == f"✅ {NAMES[provider]} accepts the credentials"
    assert re.fullmatch(r"<t:\d+:R>", field(tested, "Last worked"))
    assert tested.ephemeral
    assert len(harness.simulator(provider).requests) == before + 1


@every_provider
async def test_a_test_that_is_refused_leads_to_rotate(harness: BotHarness, provider: str) -> None:
    """Credentials that were revoked have their own answer, and stay until they are replaced."""
    await harness.connect(provider)
    harness.simulator(provider).fail(Answer(401, {"error": "revoked"}))
    tested = await harness.manager.slash(harness.channel, "connections test", provider=provider)
    assert shown(tested).startswith(f"❌ {NAMES[provider]} refused the credentials\nThe saved ")
    assert "</connections rotate:" in field(tested, "What to do")
    assert f"**{NAMES[provider]}** · `default`" in await harness.listed()


@pytest.mark.parametrize("command", ["test", "rotate", "remove"])
async def test_a_connection_that_is_not_there_is_told(harness: BotHarness, command: str) -> None:
    """Where there is no connection, the answer says so and leads to `/setup`."""
    answered = await harness.manager.slash(harness.channel, f"connections {command}", provider="sensay")
    assert shown(answered).startswith(f"⚠️ {english('problem.no_connection.title', provider='Sensay')}\n")
    assert "</setup:" in field(answered, "What to do")
    assert answered.ephemeral


@pytest.mark.parametrize("command", ["test", "rotate", "remove"])
async def test_several_connections_have_to_be_told_apart(harness: BotHarness, command: str) -> None:
    """With two connections and none named default, the answer names both and asks for one."""
    await harness.connect("toolzz", "loja")
    await harness.connect("toolzz", "porto")
    answered = await harness.manager.slash(harness.channel, f"connections {command}", provider="toolzz")
    assert shown(answered).startswith("⚠️ Which Toolzz connection?\nThis server has several: loja, porto.")
    missing = await harness.manager.slash(
        harness.channel, f"connections {command}", provider="toolzz", name="elsewhere"
    )
    assert shown(missing).startswith(
        "⚠️ "
        + english(
            "problem.no_such_connection.title",
            provider="Toolzz",
            name="elsewhere",
        )
    )
    assert "</connections list:" in field(missing, "What to do")

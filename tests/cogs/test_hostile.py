"""Hostile text from providers has no effect in any place where the bot shows it."""

import random
from typing import Any

import discord
import pytest

from bot.discord.access.channel_access import BotAccess, ChannelAccess, ChannelFinding
from bot.discord.diagnosis import Diagnosis, diagnosis_card, fixes_of, steps_of
from bot.discord.problems import explain
from bot.errors import ServerFaultError
from bot.features.integrations.store import Placed
from bot.features.lookups.service import KnownAgent
from bot.i18n.catalog import LOCALES, Texts, load_catalog
from bot.providers.base.integration import Choice, State
from bot.providers.base.outcome import LookupResult, Outcome
from bot.providers.toolzz.models import Integration
from cogs.connections.suggestions import suggestions_of
from cogs.handover import Preflight
from cogs.sensay.connect import SensayHandover, SensayLookButton, accepted
from cogs.sensay.replica import replica_field
from cogs.toolzz.channels import channels_embed
from cogs.toolzz.diagnose import diagnosis_of, diagnosis_of_failure
from cogs.toolzz.embeds import status_card
from cogs.toolzz.snapshot import IntegrationSnapshot
from tests.support.embeds import embed_text, fits_discord, utf16_length
from tests.support.handover_steps import open_guide
from tests.support.harness import BotHarness, embed_of
from tests.support.hostile import ATTACKS, PAYLOADS, marks, plain_marks, unseen
from tests.support.sensay_steps import with_command_links

REPORTS = 50
UUID = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e404"
COMMANDS = {"connections": 1, "sensay": 2, "toolzz": 3, "help": 4}
TEXT_FIELDS = ("title", "connectionStatus", "botId", "botClientId", "unitId", "guildId", "guildName", "scope")
MORE_TEXT_FIELDS = ("welcomeMessage", "lastConnectionErrorCode", "lastConnectionErrorMessage")


def parsed(text: str, **more: object) -> Integration:
    """Return a Toolzz report whose texts are all this one."""
    channels = [{"id": text, "name": text}, {"id": "1188765432109876501", "name": text}, {"id": text}]
    fields = dict.fromkeys((*TEXT_FIELDS, *MORE_TEXT_FIELDS), text)
    both = {"channelIds": [text, "1188765432109876501", "x"], "channelsDetail": channels}
    return Integration.model_validate({"id": text, **fields, **both, **more})


def snapshot_of(report: Integration) -> IntegrationSnapshot:
    """Return what is known of an integration in a server that has each channel whose id can be one."""
    channels = tuple(
        ChannelAccess(channel.id, ChannelFinding.LACKING, ("send_messages",), 3)
        if channel.id.isascii() and channel.id.isdecimal()
        else ChannelAccess(channel.id, ChannelFinding.DELETED)
        for channel in report.channels
    )
    access = BotAccess(2, is_member=True, is_checked=True, channels=channels)
    linked = Placed(
        id=report.id,
        connection="default",
        label=report.title or "",
        bot_id=2,
        placed_by=4,
        placed_at=1_700_000_000,
    )
    return IntegrationSnapshot(report, 1, access, KnownAgent(linked), has_unit=True)


def show_status(text: str) -> discord.Embed:
    """Return the status of an integration."""
    texts = load_catalog()["en-US"]
    return sent(status_card(snapshot_of(parsed(text)), 1_700_000_000, texts).embed(texts))


def show_details(text: str) -> discord.Embed:
    """Return the details of an integration."""
    texts = load_catalog()["en-US"]
    return sent(status_card(snapshot_of(parsed(text)), 1_700_000_000, texts).embed(texts, details=True))


def show_channels(text: str) -> discord.Embed:
    """Return an integration's channels."""
    texts = load_catalog()["en-US"]
    return sent(channels_embed(snapshot_of(parsed(text)), 1, 1_700_000_000, "Next.", texts))


def diagnosed(snapshot: IntegrationSnapshot, locale: str) -> discord.Embed:
    """Return the diagnosis of an integration."""
    texts = load_catalog()[locale]
    return diagnosis_with_steps(diagnosis_of(snapshot, texts, texts), texts)


def diagnosis_with_steps(found: Diagnosis, texts: Texts) -> discord.Embed:
    """Return a diagnosis as a manager sees it."""
    steps = steps_of(fixes_of(found.findings), COMMANDS, ["Diagnose"], texts)
    return diagnosis_card(found, steps, "Toolzz", 1_700_000_000, texts)


def show_diagnosis(text: str) -> discord.Embed:
    """Return the diagnosis of an integration of the server that asks."""
    return sent(diagnosed(snapshot_of(parsed(text, guildId="1")), "en-US"))


def show_failed_diagnosis(text: str) -> discord.Embed:
    """Return the diagnosis of an integration that Toolzz does not report."""
    texts = load_catalog()["en-US"]
    failure = ServerFaultError("toolzz", status=500, detail=text, request_id=text)
    found = diagnosis_of_failure(text, failure, explain(failure, texts, {}), texts)
    return sent(diagnosis_with_steps(found, texts))


def sent(embed: discord.Embed) -> discord.Embed:
    """Return the embed as it is sent, with command links."""
    return with_command_links(embed, COMMANDS)


def show_accepted(text: str) -> discord.Embed:
    """Return the answer that Sensay took the token for a replica of this name."""
    preflight = Preflight(guild_id=1, application=None, failure=None, bot_id=2, member=False)
    embed, _ = accepted(Choice(UUID, text), None, preflight, load_catalog()["en-US"])
    return sent(embed)


def look_button() -> SensayLookButton:
    """Return the button that finds out again what became of a token."""
    texts = load_catalog()["en-US"]
    return SensayLookButton(texts=texts, connection="default", agent=UUID, bot_id=2, was_connected=False)


def show_doubt(text: str) -> discord.Embed:
    """Return the answer that the outcome is unknown for a replica of this name."""
    failure = ServerFaultError("sensay", status=500, detail=text, request_id="sim1::x", outcome_unknown=True)
    handover = SensayHandover("default", 1, Choice(UUID, text), listed=None, placed=None)
    embed, _ = handover.in_doubt(Outcome(failure, LookupResult.NOT_THERE, None), look_button())
    return sent(embed)


def show_lookup(text: str) -> discord.Embed:
    """Return the answer after the button found no bot for a replica of this name."""
    button = look_button()
    fields = [replica_field(Choice(UUID, text), button.texts)]
    embed, _ = button.answer(LookupResult.NOT_THERE, fields)
    return sent(embed)


@pytest.mark.parametrize(
    "show",
    [
        show_status,
        show_details,
        show_channels,
        show_diagnosis,
        show_failed_diagnosis,
        show_accepted,
        show_doubt,
        show_lookup,
    ],
)
def test_hostile_text_does_nothing_in_an_answer(show: Any) -> None:  # noqa: ANN401 - one of those listed
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless name gives."""
    harmless = marks(embed_text(show("x")))
    for payload in PAYLOADS:
        embed = show(payload)
        assert marks(embed_text(embed)) <= harmless, payload
        assert unseen(embed_text(embed)) == set(), payload
        assert plain_marks(embed.footer.text or "") == {}, payload
        assert fits_discord(embed), payload


def test_hostile_text_does_nothing_in_a_suggestion() -> None:
    """A suggested name is one line of 1 to 100 characters that pings nobody."""
    for payload in PAYLOADS:
        for state in (None, State.CONNECTED):
            (name, _, _), _ = suggestions_of(
                [Choice(each, payload, state) for each in ("some-id", "other-id")]
            )
            assert plain_marks(name) == {}, payload
            assert unseen(name) == set(), payload
            assert 1 <= utf16_length(name) <= 100
            assert "\n" not in name


@pytest.mark.parametrize("seed", range(4))
def test_no_report_is_over_a_limit(seed: int) -> None:
    """The embeds of 200 reports with texts of any length and any number of channels fit Discord's limits."""
    draw = random.Random(seed)  # noqa: S311 - the same reports each time

    lengths = [1, 30, 300, 1500] * 25
    texts = [
        None,
        *("".join(draw.choices("ab *_<>@\\`\n\U0001f600\u202eé\u200d\u0301\ufe0f", k=k)) for k in lengths),
    ]

    def text() -> str | None:
        return draw.choice(texts)

    for _ in range(REPORTS):
        channels = [{"id": str(number), "name": text()} for number in range(draw.choice((0, 1, 40, 500)))]
        ids = [text() or "c", *(channel["id"] for channel in channels[1:])]
        fields: dict[str, object] = {name: text() for name in (*TEXT_FIELDS, *MORE_TEXT_FIELDS)}
        fields |= {"channelIds": ids, "channelsDetail": channels, "permissions": str(draw.getrandbits(64))}
        fields |= dict.fromkeys(("lastConnectedAt", "createdAt", "updatedAt"), "2026-11-20 08:15:27.6")
        fields |= {"guildId": "1", "id": text() or "i"}
        snapshot = snapshot_of(Integration.model_validate(fields))
        for locale in LOCALES:
            wording = load_catalog()[locale]
            found = status_card(snapshot, 1_700_000_000, wording)
            assert fits_discord(sent(found.embed(wording, details=True)))
            for embed in (
                found.embed(wording),
                channels_embed(snapshot, draw.randint(1, 50), 1_700_000_000, "x" * 300, wording),
                diagnosed(snapshot, locale),
            ):
                assert embed.fields[-1].name in {wording("next_step"), wording("diagnosis.steps")}
                assert fits_discord(embed)
                assert fits_discord(sent(embed))


async def test_a_hostile_replica_does_nothing_in_the_form(harness: BotHarness) -> None:
    """The form that names a replica, and what comes before it, show the name as plain text."""
    await harness.connect("sensay")
    replica = harness.sensay.replicas[harness.sensay.UNCONNECTED]
    counts, counts_before = [], []
    for name in ("x", *ATTACKS):
        replica["name"] = name
        harness.bot.services.choices.forget(
            await harness.bot.services.connections.open(harness.guild.id, "sensay")
        )
        await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "")
        await harness.env.advance_time(15)  # or the command's cooldown would answer
        guide = await open_guide(harness, harness.sensay.UNCONNECTED)
        counts_before.append(marks(embed_of(guide).description or ""))
        form = await harness.open_form_of(guide)
        assert form.modal is not None
        (text,) = (item["content"] for item in form.modal["components"] if "content" in item)
        counts.append(marks(text))
    assert all(count <= counts[0] for count in counts)
    assert all(count <= counts_before[0] for count in counts_before)


async def test_no_message_may_mention_anybody(harness: BotHarness) -> None:
    """Every message that is sent tells Discord to ping nobody."""
    await harness.connect("toolzz")
    await harness.manager.slash(
        harness.channel, "toolzz status", integration=harness.toolzz.STRANGE, share=True
    )
    assert harness.bot.allowed_mentions is not None
    assert harness.bot.allowed_mentions.to_dict()["parse"] == []
    bodies = [entry.json for entry in harness.env.http_requests if entry.json]
    messages = [body.get("data", body) for body in bodies if isinstance(body, dict)]
    with_embeds = [message for message in messages if isinstance(message, dict) and message.get("embeds")]
    assert len(with_embeds) == 3
    assert all(message["allowed_mentions"] == {"parse": []} for message in with_embeds)

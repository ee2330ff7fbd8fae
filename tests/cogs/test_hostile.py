"""Text from providers, through every place where the bot shows it: it never does anything there."""

import random
from typing import Any

import discord
import pytest

from bot.errors import ServerFaultError
from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import Choice, State, Verdict
from bot.providers.sensay.handover import Outcome
from bot.providers.toolzz.models import Integration
from bot.runtime.preflight import Preflight
from bot.runtime.reach import Access, Finding, Reach
from bot.runtime.suggestions import _name
from bot.services.integrations import Placed
from bot.ui.diagnosis import diagnosis_card
from bot.ui.replies import _link_commands
from cogs.sensay import embeds as sensay
from cogs.sensay.forms import ConnectButton, LookButton
from cogs.toolzz.channels import channels_embed
from cogs.toolzz.diagnose import diagnosis_of
from cogs.toolzz.embeds import status_embed
from cogs.toolzz.sight import Sight
from tests.cogs.town import Town
from tests.ui.hostile import ATTACKS, PAYLOADS, marks, plain_marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted, utf16

REPORTS = 200
UUID = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e404"
COMMANDS = {"connections": 1, "sensay": 2, "toolzz": 3, "help": 4}
WORDS = ("title", "connectionStatus", "botId", "botClientId", "unitId", "guildId", "guildName", "scope")
MORE_WORDS = ("welcomeMessage", "lastConnectionErrorCode", "lastConnectionErrorMessage")


def parsed(text: str, **more: object) -> Integration:
    """Return a Toolzz report in which every text is this one."""
    channels = [{"id": text, "name": text}, {"id": "1188765432109876501", "name": text}, {"id": text}]
    fields = dict.fromkeys((*WORDS, *MORE_WORDS), text)
    both = {"channelIds": [text, "1188765432109876501", "x"], "channelsDetail": channels}
    return Integration.model_validate({"id": text, **fields, **both, **more})


def seen(report: Integration) -> Sight:
    """Look at a report from a server that has those of its channels that can be ids."""
    channels = tuple(
        Access(channel.id, Finding.LACKING, ("send_messages",), 3)
        if channel.id.isascii() and channel.id.isdecimal()
        else Access(channel.id, Finding.GONE)
        for channel in report.channels
    )
    reach = Reach(2, member=True, looked=True, channels=channels)
    linked = Placed(report.id, "default", report.title or "", 2, 4, 1_700_000_000)
    return Sight(report, 1, reach, linked, has_unit=True)


def report(text: str) -> discord.Embed:
    """Show a status."""
    return sent(status_embed(seen(parsed(text)), 1_700_000_000, load_catalog()["en-US"]))


def channels(text: str) -> discord.Embed:
    """Show an integration's channels."""
    return sent(channels_embed(seen(parsed(text)), 1, 1_700_000_000, "Next.", load_catalog()["en-US"]))


def diagnosed(integration: str, seen: Sight | ServerFaultError, locale: str) -> discord.Embed:
    """Show what was found of an integration."""
    texts = load_catalog()[locale]
    found = diagnosis_of(integration, seen, {}, texts)
    return diagnosis_card(found.name, "Toolzz", found.findings, 1_700_000_000, texts)


def diagnosis(text: str) -> discord.Embed:
    """Show what is wrong with an integration of the server that asks."""
    sight = seen(parsed(text, guildId="1"))
    return sent(diagnosed(text, sight, "en-US"))


def undiagnosed(text: str) -> discord.Embed:
    """Show that Toolzz did not say what is wrong."""
    failure = ServerFaultError("toolzz", status=500, detail=text, request_id=text)
    return sent(diagnosed(text, failure, "en-US"))


def sent(embed: discord.Embed) -> discord.Embed:
    """Make the commands in an embed links, as on its way out."""
    _link_commands(embed, COMMANDS)
    return embed


def handed_over(text: str) -> discord.Embed:
    """Show that Sensay took the token for a replica of this name."""
    preflight = Preflight(guild_id=1, application=None, failure=None, bot_id=2, member=False)
    embed, _ = sensay.accepted(Choice(UUID, text), None, preflight, load_catalog()["en-US"])
    return sent(embed)


def doubted(text: str) -> discord.Embed:
    """Show that no good answer came to the token for a replica of this name."""
    texts = load_catalog()["en-US"]
    failure = ServerFaultError("sensay", status=500, detail=text, request_id="sim1::x", outcome_unknown=True)
    look = LookButton(texts=texts, connection="default", replica=UUID, bot_id="2", had_one="n")
    outcome = Outcome(failure, Verdict.NOT_THERE, None)
    embed, _ = sensay.in_doubt(Choice(UUID, text), outcome, look, texts)
    return sent(embed)


def looked_up(text: str) -> discord.Embed:
    """Show what another look has found for a replica of this name."""
    texts = load_catalog()["en-US"]
    look = LookButton(texts=texts, connection="default", replica=UUID, bot_id="2", had_one="n")
    connect = ConnectButton(texts=texts, connection="default", replica=UUID)
    embed, _ = sensay.looked_up(Choice(UUID, text), Verdict.NOT_THERE, look, connect, texts)
    return sent(embed)


@pytest.mark.parametrize("show", [report, channels, diagnosis, undiagnosed, handed_over, doubted, looked_up])
def test_hostile_text_does_nothing_in_an_answer(show: Any) -> None:  # noqa: ANN401 - one of those above
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless name gives."""
    harmless = marks(words(show("x")))
    for payload in PAYLOADS:
        embed = show(payload)
        assert marks(words(embed)) <= harmless, payload
        assert unseen(words(embed)) == set(), payload
        assert plain_marks(embed.footer.text or "") == {}, payload
        assert accepted(embed), payload


def test_hostile_text_does_nothing_in_a_suggestion() -> None:
    """A suggested name is one line of 1 to 100 characters that pings nobody."""
    for payload in PAYLOADS:
        for state in (None, State.CONNECTED):
            name = _name(Choice("some-id", payload, state))
            assert plain_marks(name) == {}, payload
            assert unseen(name) == set(), payload
            assert 1 <= utf16(name) <= 100
            assert "\n" not in name


def test_no_report_is_over_a_limit() -> None:
    """Of 200 reports with fields of any length and any number of channels, each is taken as a whole."""
    draw = random.Random(20261123)  # noqa: S311 - the same reports each time

    lengths = [1, 30, 300, 1500] * 25
    texts = [None, *("".join(draw.choices("ab *_<>@\\`\n\U0001f600\u202eé", k=k)) for k in lengths)]

    def text() -> str | None:
        return draw.choice(texts)

    for _ in range(REPORTS):
        channels = [{"id": str(number), "name": text()} for number in range(draw.choice((0, 1, 40, 500)))]
        ids = [text() or "c", *(channel["id"] for channel in channels[1:])]
        fields: dict[str, object] = {name: text() for name in (*WORDS, *MORE_WORDS)}
        fields |= {"channelIds": ids, "channelsDetail": channels, "permissions": str(draw.getrandbits(64))}
        fields |= dict.fromkeys(("lastConnectedAt", "createdAt", "updatedAt"), "2026-11-20 08:15:27.6")
        fields |= {"guildId": "1", "id": text() or "i"}
        sight = seen(Integration.model_validate(fields))
        for locale in LOCALES:
            said = load_catalog()[locale]
            for embed in (
                status_embed(sight, 1_700_000_000, said),
                channels_embed(sight, draw.randint(1, 50), 1_700_000_000, "x" * 300, said),
                diagnosed("i", sight, locale),
            ):
                assert (embed.fields[-1].name or "").endswith(said("next_step").partition(" ")[2])
                assert accepted(embed)
                assert accepted(sent(embed))


async def test_a_hostile_replica_does_nothing_in_the_form(town: Town) -> None:
    """The form that names a replica shows the name as the characters that it is."""
    await town.connect("sensay")
    replica = town.sensay.replicas[town.sensay.UNCONNECTED]
    counts = []
    for name in ("x", *ATTACKS):
        replica["name"] = name
        town.bot.choices.forget(await town.bot.connections.open(town.guild.id, "sensay"))
        await town.manager.autocomplete(town.channel, "sensay connect", "replica", "")
        await town.env.advance_time(15)  # or the command's cooldown would answer
        form = await town.manager.slash(town.channel, "sensay connect", replica=town.sensay.UNCONNECTED)
        assert form.modal is not None
        (text,) = (item["content"] for item in form.modal["components"] if "content" in item)
        counts.append(marks(text))
    assert all(count <= counts[0] for count in counts)


async def test_no_message_may_mention_anybody(town: Town) -> None:
    """Everything that is sent carries the order to Discord to ping nobody, whatever it says."""
    await town.connect("toolzz")
    await town.manager.slash(town.channel, "toolzz status", integration=town.toolzz.STRANGE, share=True)
    assert town.bot.allowed_mentions is not None
    assert town.bot.allowed_mentions.to_dict()["parse"] == []
    bodies = [entry.json for entry in town.env.http_requests if entry.json]
    messages = [body.get("data", body) for body in bodies if isinstance(body, dict)]
    with_embeds = [message for message in messages if isinstance(message, dict) and message.get("embeds")]
    assert len(with_embeds) == 2
    assert all(message["allowed_mentions"] == {"parse": []} for message in with_embeds)

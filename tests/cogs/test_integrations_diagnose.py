"""``/integrations diagnose``: what is wrong with an integration of any provider, with a file for support."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import simcord

from bot.errors import ForbiddenError, ProviderTimeoutError, RejectedError, UnauthorizedError
from bot.kit.integration import State
from tests.cogs.parrots import Parrots, open_house
from tests.cogs.toolzz_agent import enlist, move_here, press
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, shown
from tests.ui.hostile import ATTACKS

if TYPE_CHECKING:
    from bot.errors import ProviderError

OK, BAD, OPEN, SKIPPED, NOTED = "✅❌❔➖📌"
CANARY = "FAKE-TOKEN-parrot"


@pytest.fixture
def viewer(town: Town) -> simcord.MemberActor:
    """Somebody who may look, and change nothing."""
    return town.moderator()


@pytest.fixture
async def house(town: Town) -> Parrots:
    """A provider without a diagnosis of its own, one integration of which was read; alerts go somewhere."""
    house = await open_house(town)
    house.teach("polly", "Polly", State.CONNECTED)
    await town.bot.poller.check_guild(town.guild.id)
    await town.bot.alerts.set_route(town.guild.id, town.channel.id, member_id=town.manager.id)
    return house


async def diagnose(
    town: Town, actor: simcord.MemberActor, integration: str = "parrots:polly"
) -> simcord.InteractionResult:
    """Have somebody ask what is wrong."""
    return await actor.slash(town.channel, "integrations diagnose", integration=integration)


def verdicts(result: simcord.InteractionResult) -> str:
    """Return the checks' symbols, in order."""
    return "".join(re.findall(r"(?m)^(.) \*\*[^<*]+\*\* · ", embed_of(result).description or ""))


def file_of(town: Town, result: simcord.InteractionResult) -> str:
    """Return what is attached."""
    (file,) = final(result).attachments
    assert file.filename == "diagnosis.txt"
    return (town.env.backend.cdn.get(file.url) or b"").decode()


@pytest.mark.usefixtures("house")
async def test_where_all_is_well_nothing_is_to_be_done(town: Town, viewer: simcord.MemberActor) -> None:
    """Every check is made for any provider, whoever wrote it, and told to whoever asks alone."""
    found = await diagnose(town, viewer)
    assert found.ephemeral
    assert embed_of(found).title == "🩺 Diagnosis of Polly"
    assert verdicts(found) == OK * 8
    assert field(found, "Next step") == town.texts("diagnosis.fine", provider="Parrot House")
    assert labels(found) == ["Diagnose", "History"]
    lines = file_of(town, found).splitlines()
    assert "integration: polly" in lines
    assert "check accepted: ok (yes)" in lines
    assert "provider: parrots" in lines
    assert f"server that asks: {town.guild.id}" in lines


@pytest.mark.parametrize(
    ("failure", "expected", "rotate"),
    [
        (UnauthorizedError("parrots", status=401), OK * 2 + BAD, True),
        (ForbiddenError("parrots", status=403), OK * 2 + BAD, False),
        (ProviderTimeoutError("parrots", seconds=8), OK + BAD + SKIPPED, False),
        (RejectedError("parrots", status=400, request_id="req-7"), OK * 2 + OPEN, False),
    ],
    ids=lambda value: getattr(value, "key", None),
)
async def test_what_the_provider_refuses_is_a_finding(
    town: Town,
    viewer: simcord.MemberActor,
    house: Parrots,
    failure: ProviderError,
    expected: str,
    rotate: bool,
) -> None:
    """Whether it answers and whether it takes the credentials are told apart; the rest is still told."""
    house.failure = failure
    found = await diagnose(town, viewer)
    assert verdicts(found) == expected + OK * 3
    assert f"failure: {failure.key}\n" in file_of(town, found)
    names = {"provider": "Parrot House"}
    assert field(found, "Next step") == town.linked(town.texts(f"problem.{failure.key}.fix", **names))
    assert ("Enter new credentials" in labels(found)) is rotate


@pytest.mark.usefixtures("house")
async def test_unreadable_credentials_are_a_finding(town: Town, viewer: simcord.MemberActor) -> None:
    """Without them nobody is asked; what is known is told all the same."""
    town.damage("parrots")
    found = await diagnose(town, viewer)
    assert verdicts(found) == BAD + SKIPPED * 2 + OK * 3
    assert field(found, "Next step") == town.linked(town.texts("problem.unreadable_secret.fix"))


async def test_state_and_what_is_gone_are_read_anew(
    town: Town, viewer: simcord.MemberActor, house: Parrots
) -> None:
    """A code that nobody knows is quoted; an integration that went meanwhile is a finding and no error."""
    house.teach("polly", "Polly", State.ERROR, "beak_stuck")
    found = await diagnose(town, viewer)
    assert verdicts(found) == OK * 4 + BAD + OK * 3
    assert "❌ **State** · 🟠 Error · `beak_stuck`\n↳ Open it in Parrot House" in shown(found)
    assert "detail: beak_stuck\n" in file_of(town, found)
    house.birds.clear()
    found = await press(town, found, "Diagnose", viewer)
    assert verdicts(found) == OK * 3 + BAD + OK * 3
    assert field(found, "Next step").startswith("It is gone in Parrot House")


@pytest.mark.parametrize(("member", "expected"), [(True, OK), (False, BAD)])
async def test_the_agent_s_bot_is_looked_for(
    town: Town,
    viewer: simcord.MemberActor,
    house: Parrots,
    member: bool,
    expected: str,
) -> None:
    """Where it is known which bot it is, a diagnosis says whether it is here, with its invite link if not."""
    user = town.env.create_user("polly-bot", bot=True)
    if member:
        town.guild.add_member(user)
    opened = await town.bot.connections.open(town.guild.id, house.slug)
    await town.bot.integrations.record(opened, "polly", "Polly", bot_id=user.id, member_id=1)
    found = await diagnose(town, viewer)
    assert verdicts(found) == OK * 5 + expected + OK * 3
    assert (f"client_id={user.id}" in shown(found)) is not member


async def test_incident_mute_and_alerts_are_told(
    town: Town, viewer: simcord.MemberActor, house: Parrots
) -> None:
    """An open incident, who looks after it, what is quiet and where alerts go do not make it worse."""
    house.teach("polly", "Polly", State.DISCONNECTED)
    await town.bot.poller.check_guild(town.guild.id)
    assert verdicts(await diagnose(town, viewer))[5:] == OK + NOTED + OK, "the second bad check opens it"
    (watched,) = await town.bot.watching.integrations(town.guild.id)
    assert watched.incident is not None
    await town.bot.alerts.acknowledge(town.guild.id, watched.incident.number, member_id=viewer.id)
    await town.bot.alerts.mute(town.guild.id, watched, 3600, member_id=viewer.id)
    found = await diagnose(town, viewer)
    assert verdicts(found)[5:] == OK + NOTED * 2
    assert f"<@{viewer.id}> looks after it" in shown(found)
    assert str(viewer.id) not in file_of(town, found)
    await town.bot.alerts.mute(town.guild.id, watched, 0, member_id=viewer.id)
    await town.bot.alerts.remove_route(town.guild.id)
    found = await diagnose(town, viewer)
    assert town.linked(town.texts("diagnosis.fix.alerts")) in shown(found)


async def test_toolzz_tells_more(town: Town, viewer: simcord.MemberActor) -> None:
    """A provider's own checks come first, then those that any has."""
    await town.connect("toolzz")
    enlist(town)
    move_here(town)
    await town.bot.poller.check_guild(town.guild.id)
    found = await diagnose(town, viewer, f"toolzz:{town.toolzz.CONNECTED}")
    assert verdicts(found) == OK * 10 + NOTED
    assert "channel: " in file_of(town, found)
    town.toolzz.break_integration(town.toolzz.CONNECTED)
    found = await press(town, found, "Diagnose", viewer)
    assert town.texts("toolzz.code.4004.cause") in shown(found)


async def test_the_file_has_no_secret_and_one_line_for_each_thing(
    town: Town, viewer: simcord.MemberActor, house: Parrots
) -> None:
    """What a provider says adds no lines of its own, and no credentials that it repeats."""
    house.teach("polly", ATTACKS[0], State.ERROR, f"x {CANARY}\nstate: fine")
    found = await diagnose(town, viewer)
    said = file_of(town, found)
    assert CANARY not in said
    assert sum(line.startswith("state:") for line in said.splitlines()) == 1
    assert embed_of(found).title == "🩺 Diagnosis of @\N{ZERO WIDTH SPACE}everyone"


@pytest.mark.usefixtures("house")
async def test_it_is_for_viewers(town: Town, viewer: simcord.MemberActor) -> None:
    """Whoever may not look gets no file from the button under an alert that all can see."""
    found = await diagnose(town, viewer)
    refused = await town.press(town.member, final(found), "integrations:why:parrots:polly")
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.not_allowed.viewer.title')}"
    assert final(refused).attachments == []


@pytest.mark.usefixtures("house")
async def test_it_speaks_portuguese(town: Town, viewer: simcord.MemberActor) -> None:
    """Checks and next step are in the language of whoever asks; the file is for support, in one."""
    town.locale = PORTUGUESE
    found = await diagnose(town, viewer)
    assert embed_of(found).title == "🩺 Diagnóstico de Polly"
    assert "✅ **Provedor** · Parrot House responde." in shown(found)
    assert "check answers: ok (there)" in file_of(town, found)

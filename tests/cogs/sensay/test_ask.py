"""`/sensay ask`: what Sensay is sent, what is shown of the answer, and what can fail."""

import asyncio
import json
from datetime import datetime

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import Choice
from bot.providers.base.simulator import Answer, Reset, Slow
from cogs.sensay.ask import MAX_ATTACHED, MAX_SHOWN, show
from tests.support.embeds import embed_text, fits_discord
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, shown
from tests.support.hostile import PAYLOADS, marks, unseen
from tests.support.sensay_steps import with_command_links

COMPLETIONS = "chat/completions"
QUESTION = "When does the last boat leave?"
COMMANDS = {"connections": 1, "sensay": 2, "toolzz": 3, "help": 4}


async def ask(
    harness: BotHarness,
    message: str = QUESTION,
    *,
    member: simcord.MemberActor | None = None,
    **options: str | bool,
) -> simcord.InteractionResult:
    """Have the manager, or somebody else, ask a replica of theirs."""
    options = {"replica": harness.sensay.ACTIVE, **options}
    return await (member or harness.manager).slash(harness.channel, "sensay ask", message=message, **options)


def file_of(harness: BotHarness, result: simcord.InteractionResult) -> bytes | None:
    """Return the file that is attached to the answer, None if there is none."""
    attached = final(result).attachments
    if not attached:
        return None
    (file,) = attached
    assert file.filename == "answer.txt"
    return harness.env.backend.cdn.get(file.url)


# --- answers ---


async def test_an_answer_is_shown_with_how_it_came(harness: BotHarness) -> None:
    """The reply shows the replica, its answer, the question, the time, the history and the next step."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay ask", "replica", "harbour")
    harness.sensay.answer = "At half past eleven.\n\nFrom the north pier."
    answered = await ask(harness, replica="harbour desk")
    embed = embed_of(answered)
    assert answered.ephemeral
    assert embed.title == "💬 Harbour Desk answered"
    assert embed.description == harness.sensay.answer
    assert field(answered, "Question") == QUESTION
    assert field(answered, english("sensay.ask.took")).endswith(" s")
    assert field(answered, "history") == english("sensay.ask.not_kept")
    assert embed.fields[-1].name == "➡️ Next step"
    assert "</sensay status:" in (embed.fields[-1].value or "")
    assert file_of(harness, answered) is None


async def test_sensay_is_told_what_its_contract_wants(harness: BotHarness) -> None:
    """One question is sent, with the place and the author as text."""
    await harness.connect("sensay")
    await ask(harness)
    ((replica, question),) = harness.sensay.questions
    where = question.pop("discord_data")
    assert replica == harness.sensay.ACTIVE
    assert question == {"content": QUESTION, "skip_chat_history": True, "source": "discord"}
    assert datetime.fromisoformat(where.pop("created_at")).tzinfo is not None
    assert int(where.pop("message_id")) > harness.channel.id
    assert where == {
        "channel_id": str(harness.channel.id),
        "channel_name": "bridge",
        "author_id": str(harness.manager.id),
        "author_name": "mira",
        "server_id": str(harness.guild.id),
        "server_name": "Harbour Ops",
    }


@pytest.mark.parametrize(("keep", "says"), [(True, "✅ kept"), (False, english("sensay.ask.not_kept"))])
async def test_whether_it_is_kept_is_the_members_choice(harness: BotHarness, keep: bool, says: str) -> None:
    """The option reaches Sensay, and the answer says what was chosen."""
    await harness.connect("sensay")
    answered = await ask(harness, keep=keep)
    assert harness.sensay.questions[0][1]["skip_chat_history"] is not keep
    assert field(answered, "history") == says


async def test_an_answer_can_be_shared(harness: BotHarness) -> None:
    """With share:true everybody sees the answer."""
    await harness.connect("sensay")
    assert not final(await ask(harness, share=True)).ephemeral


async def test_a_long_answer_is_cut_and_attached(harness: BotHarness) -> None:
    """A long answer is cut with a note, and the file has all of its bytes."""
    await harness.connect("sensay")
    harness.sensay.answer = "# Timetable\n" + "**11:30** north pier \N{SHIP}\n" * 300
    answered = await ask(harness)
    description = embed_of(answered).description or ""
    assert description.endswith("…\n\n✂️ Cut here. The whole answer is in answer.txt.")
    assert description.startswith("\\# Timetable\n\\*\\*11:30\\*\\* north pier")
    assert file_of(harness, answered) == harness.sensay.answer.encode()


async def test_an_endless_answer_is_attached_as_far_as_it_goes(harness: BotHarness) -> None:
    """The file has the first mebibyte without half a character at its end, and the answer says so."""
    await harness.connect("sensay")
    whole = "x" + "\N{SHIP}" * (MAX_ATTACHED // 4 + 10)
    body = json.dumps({"success": True, "content": whole}, ensure_ascii=False)
    harness.sensay.fail(Answer(200, body), path=COMPLETIONS)
    answered = await ask(harness)
    assert "the first 1 MiB" in (embed_of(answered).description or "")
    attached = file_of(harness, answered) or b""
    assert MAX_ATTACHED - 4 < len(attached) <= MAX_ATTACHED
    assert whole.startswith(attached.decode())


@pytest.mark.parametrize("content", ["", " \n\t ", "\u200b\u202e"])
async def test_an_empty_answer_has_its_own_words(harness: BotHarness, content: str) -> None:
    """An answer without visible text is shown as a warning with a next step."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(200, {"success": True, "content": content}), path=COMPLETIONS)
    answered = await ask(harness)
    assert (embed_of(answered).title or "").startswith("⚠️")
    assert "empty answer" in (embed_of(answered).title or "")
    assert "</sensay ask:" in field(answered, "Next step")
    assert file_of(harness, answered) is None


@pytest.mark.parametrize(
    ("locale", "took"),
    [("en-US", english("sensay.ask.seconds", seconds="1,234.6")), (PORTUGUESE, "1.234,6 s")],
)
def test_the_time_is_written_as_its_reader_does(locale: str, took: str) -> None:
    """The seconds have one decimal and the separators of the language."""
    embed, _ = show(Choice("i", "i"), "q", "a", load_catalog()[locale], seconds=1234.56, kept=False)
    assert took in [item.value for item in embed.fields]


async def test_a_member_is_answered_in_portuguese(harness: BotHarness) -> None:
    """The answer and an error are in the member's own language."""
    await harness.connect("sensay")
    harness.locale = PORTUGUESE
    answered = await ask(harness)
    assert (embed_of(answered).title or "").endswith(" respondeu")
    assert field(answered, harness.texts("sensay.ask.history")) == harness.texts("sensay.ask.not_kept")
    harness.sensay.quota_used_up = True
    assert shown(await ask(harness)).startswith("❌ As conversas deste mês acabaram")


# --- hostile text ---


def answer_with(text: str, locale: str) -> discord.Embed:
    """Return the reply whose name, question and answer are this text, with command links."""
    embed, _ = show(Choice("some-id", text), text, text, load_catalog()[locale], seconds=1, kept=True)
    return with_command_links(embed, COMMANDS)


@pytest.mark.parametrize("locale", LOCALES)
def test_hostile_text_does_nothing_in_an_answer(locale: str) -> None:
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless answer gives."""
    harmless = marks(embed_text(answer_with("x", locale)))
    for payload in PAYLOADS:
        for text in (payload, f"x\n{payload}\n\n\n{payload}"):
            embed = answer_with(text, locale)
            assert marks(embed_text(embed)) <= harmless, text
            assert unseen(embed_text(embed)) == set(), text
            assert fits_discord(embed), text


@pytest.mark.parametrize("locale", LOCALES)
def test_no_answer_is_over_a_limit(locale: str) -> None:
    """Discord takes the embed for the longest texts, and its next step is not cut."""
    for unit in ("\N{SHIP}", "*", "a\n", "\n", "@ "):
        embed = answer_with(unit * 4000, locale)
        assert fits_discord(embed)
        assert embed.fields[-1].name == load_catalog()[locale]("next_step")
        assert len(embed.description or "") <= MAX_SHOWN + 100


# --- refused and failed ---


@pytest.mark.parametrize("text", ["Nobody", "../users", ""])
async def test_an_unknown_name_is_refused_without_asking(harness: BotHarness, text: str) -> None:
    """A text that is neither a UUID nor a listed name is refused, and Sensay is not asked."""
    await harness.connect("sensay")
    refused = await ask(harness, replica=text)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.replica.title')}")
    assert not harness.sensay.questions


async def test_without_a_connection_the_command_leads_to_one(harness: BotHarness) -> None:
    """The answer names the command that makes a connection."""
    refused = await ask(harness)
    assert shown(refused).startswith(f"⚠️ {english('problem.no_connection.title', provider='Sensay')}")
    assert "</setup:" in field(refused, "What to do")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_without_a_warning(harness: BotHarness, failure: Failure) -> None:
    """Asking twice does no harm, so no failure warns of it."""
    await harness.connect("sensay")
    failure.strike(harness, "sensay", COMPLETIONS)
    failed = await ask(harness)
    failure.shows_in(harness, failed, "sensay")
    assert failed.ephemeral


async def test_a_broken_connection_is_no_doubt(harness: BotHarness) -> None:
    """An answer that is lost after Sensay has handled the question brings no warning."""
    await harness.connect("sensay")
    harness.sensay.fail(Reset(after_handling=True), times=None, path=COMPLETIONS)
    assert "Try again in a minute" in field(await ask(harness), "What to do")


async def test_a_used_up_quota_is_told_apart(harness: BotHarness) -> None:
    """A used-up quota has its own title, reason and fix, which is not to wait."""
    await harness.connect("sensay")
    harness.sensay.quota_used_up = True
    refused = await ask(harness)
    assert shown(refused).startswith("❌ This month's conversations are used up\n")
    assert "The numbers start over next month" in shown(refused)
    assert "</sensay usage:" in field(refused, "What to do")


async def test_a_bot_that_is_told_to_stop_does_not_wait_for_an_answer(harness: BotHarness) -> None:
    """A member who waits for a slow model is told that the bot restarts, and the bot does not wait."""
    await harness.connect("sensay")
    harness.sensay.fail(Slow(3600), path=COMPLETIONS)
    asking = asyncio.create_task(ask(harness))
    while not any(COMPLETIONS in request.path for request in harness.sensay.requests):  # noqa: ASYNC110 - see below
        await asyncio.sleep(0)  # the simulator tells nobody that a request has come
    await harness.bot.close()
    result = await asking
    assert embed_of(result).title == f"⚠️ {harness.texts('problem.restarting.title')}"


# --- too often ---


async def test_asking_too_often_is_slowed_down(harness: BotHarness) -> None:
    """The fourth question within 30 seconds is not sent, and the answer says when the next one may be."""
    await harness.connect("sensay")
    for _ in range(3):
        assert shown(await ask(harness)).startswith("💬")
    for locale in LOCALES:
        harness.locale = locale
        refused = await ask(harness)
        assert refused.ephemeral
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.cooldown.title')}"
        over = int(harness.env.now().timestamp()) + 30
        assert f"<t:{over}:R>" in shown(refused)
    assert len(harness.sensay.questions) == 3
    await harness.env.advance_time(31)
    harness.locale = "en-US"
    assert shown(await ask(harness)).startswith("💬")


async def test_others_are_not_slowed_down(harness: BotHarness) -> None:
    """The cooldown counts neither for another manager nor for the same one in another server."""
    await harness.connect("sensay")
    for _ in range(3):
        await ask(harness)
    assert shown(await ask(harness)).startswith("⚠️")
    role = harness.guild.create_role("Deputies", permissions=discord.Permissions(manage_guild=True))
    deputy = harness.guild.add_member(harness.env.create_user("rui"), roles=[role])
    assert shown(await ask(harness, member=deputy)).startswith("💬")
    guild = harness.env.create_guild("Elsewhere")
    quay = guild.create_text_channel("quay")
    role = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    other_guild = guild.add_member(harness.manager.user, roles=[role])
    refused = await other_guild.slash(quay, "sensay ask", replica=harness.sensay.ACTIVE, message=QUESTION)
    assert shown(refused).startswith(f"⚠️ {english('problem.no_connection.title', provider='Sensay')}")

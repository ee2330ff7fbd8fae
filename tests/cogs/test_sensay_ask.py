"""A manager asks a replica something: what Sensay is told, what is shown of the answer, and what can fail."""

import asyncio
import json
from datetime import datetime

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import Choice
from bot.kit.simulator import Answer, Reset, Slow
from bot.ui.replies import _link_commands
from cogs.sensay.ask import ANSWER_ATTACHED, ANSWER_SHOWN, show
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, shown
from tests.ui.hostile import PAYLOADS, marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted

COMPLETIONS = "chat/completions"
QUESTION = "When does the last boat leave?"
COMMANDS = {"connections": 1, "sensay": 2, "toolzz": 3, "help": 4}


async def ask(
    town: Town, message: str = QUESTION, *, member: simcord.MemberActor | None = None, **options: str | bool
) -> simcord.InteractionResult:
    """Have the manager, or somebody else, ask a replica of theirs."""
    options = {"replica": town.sensay.ACTIVE, **options}
    return await (member or town.manager).slash(town.channel, "sensay ask", message=message, **options)


def file_of(town: Town, result: simcord.InteractionResult) -> bytes | None:
    """Return what is attached to the answer."""
    attached = final(result).attachments
    if not attached:
        return None
    (file,) = attached
    assert file.filename == "answer.txt"
    return town.env.backend.cdn.get(file.url)


# --- done well ---


async def test_an_answer_is_shown_with_how_it_came(town: Town) -> None:
    """Who answered, what, to which question, how long it took, that it is not kept, and what comes next."""
    await town.connect("sensay")
    await town.manager.autocomplete(town.channel, "sensay ask", "replica", "harbour")
    town.sensay.answer = "At half past eleven.\n\nFrom the north pier."
    answered = await ask(town, replica="harbour desk")
    embed = embed_of(answered)
    assert answered.ephemeral
    assert embed.title == "💬 Harbour Desk answered"
    assert embed.description == town.sensay.answer
    assert field(answered, "Question") == QUESTION
    assert field(answered, "Took").endswith(" seconds")
    assert field(answered, "history") == "🚫 not kept"
    assert embed.fields[-1].name == "➡️ Next step"
    assert "</sensay status:" in (embed.fields[-1].value or "")
    assert file_of(town, answered) is None


async def test_sensay_is_told_what_its_contract_wants(town: Town) -> None:
    """One question goes out, with where it was asked and by whom, all of it as text."""
    await town.connect("sensay")
    await ask(town)
    ((replica, question),) = town.sensay.questions
    where = question.pop("discord_data")
    assert replica == town.sensay.ACTIVE
    assert question == {"content": QUESTION, "skip_chat_history": True, "source": "discord"}
    assert datetime.fromisoformat(where.pop("created_at")).tzinfo is not None
    assert int(where.pop("message_id")) > town.channel.id
    assert where == {
        "channel_id": str(town.channel.id),
        "channel_name": "bridge",
        "author_id": str(town.manager.id),
        "author_name": "mira",
        "server_id": str(town.guild.id),
        "server_name": "Harbour Ops",
    }


@pytest.mark.parametrize(("keep", "says"), [(True, "✅ kept"), (False, "🚫 not kept")])
async def test_whether_it_is_kept_is_the_members_choice(town: Town, keep: bool, says: str) -> None:
    """The option reaches Sensay, and the answer says what was chosen."""
    await town.connect("sensay")
    answered = await ask(town, keep=keep)
    assert town.sensay.questions[0][1]["skip_chat_history"] is not keep
    assert field(answered, "history") == says


async def test_an_answer_can_be_shared(town: Town) -> None:
    """On request everybody sees it."""
    await town.connect("sensay")
    assert not final(await ask(town, share=True)).ephemeral


async def test_a_long_answer_is_cut_and_attached(town: Town) -> None:
    """What does not fit is cut with a note, and the file has the answer byte for byte."""
    await town.connect("sensay")
    town.sensay.answer = "# Timetable\n" + "**11:30** north pier \N{SHIP}\n" * 300
    answered = await ask(town)
    description = embed_of(answered).description or ""
    assert description.endswith("…\n\n✂️ Cut here: the whole answer is in answer.txt.")
    assert description.startswith("\\# Timetable\n\\*\\*11:30\\*\\* north pier")
    assert file_of(town, answered) == town.sensay.answer.encode()


async def test_an_endless_answer_is_attached_as_far_as_it_goes(town: Town) -> None:
    """Of more than a mebibyte the file has the first, without half a character, and the answer says so."""
    await town.connect("sensay")
    whole = "x" + "\N{SHIP}" * (ANSWER_ATTACHED // 4 + 10)
    body = json.dumps({"success": True, "content": whole}, ensure_ascii=False)
    town.sensay.fail(Answer(200, body), path=COMPLETIONS)
    answered = await ask(town)
    assert "up to 1 MiB" in (embed_of(answered).description or "")
    attached = file_of(town, answered) or b""
    assert ANSWER_ATTACHED - 4 < len(attached) <= ANSWER_ATTACHED
    assert whole.startswith(attached.decode())


@pytest.mark.parametrize("content", ["", " \n\t ", "\u200b\u202e"])
async def test_an_empty_answer_has_its_own_words(town: Town, content: str) -> None:
    """A replica that says nothing visible is no success, and what can be done about it is said."""
    await town.connect("sensay")
    town.sensay.fail(Answer(200, {"success": True, "content": content}), path=COMPLETIONS)
    answered = await ask(town)
    assert (embed_of(answered).title or "").startswith("⚠️")
    assert "empty answer" in (embed_of(answered).title or "")
    assert "</sensay ask:" in field(answered, "Next step")
    assert file_of(town, answered) is None


@pytest.mark.parametrize(("locale", "took"), [("en-US", "1,234.6 seconds"), (PORTUGUESE, "1.234,6 segundos")])
def test_the_time_is_written_as_its_reader_does(locale: str, took: str) -> None:
    """One decimal, with the signs of the language."""
    embed, _ = show(Choice("i", "i"), "q", "a", load_catalog()[locale], seconds=1234.56, kept=False)
    assert took in [item.value for item in embed.fields]


async def test_a_member_is_answered_in_portuguese(town: Town) -> None:
    """Answer and error follow the member's own language."""
    await town.connect("sensay")
    town.locale = PORTUGUESE
    answered = await ask(town)
    assert (embed_of(answered).title or "").endswith(" respondeu")
    assert field(answered, "histórico da réplica") == "🚫 não guardada"
    town.sensay.quota_used_up = True
    assert shown(await ask(town)).startswith("❌ As conversas deste mês acabaram")


# --- hostile text ---


def answer_with(text: str, locale: str) -> discord.Embed:
    """Return the reply in which name, question and answer are this text, as it goes out."""
    embed, _ = show(Choice("some-id", text), text, text, load_catalog()[locale], seconds=1, kept=True)
    _link_commands(embed, COMMANDS)
    return embed


@pytest.mark.parametrize("locale", LOCALES)
def test_hostile_text_does_nothing_in_an_answer(locale: str) -> None:
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless answer gives."""
    harmless = marks(words(answer_with("x", locale)))
    for payload in PAYLOADS:
        for text in (payload, f"x\n{payload}\n\n\n{payload}"):
            embed = answer_with(text, locale)
            assert marks(words(embed)) <= harmless, text
            assert unseen(words(embed)) == set(), text
            assert accepted(embed), text


@pytest.mark.parametrize("locale", LOCALES)
def test_no_answer_is_over_a_limit(locale: str) -> None:
    """The longest of everything still makes an embed that Discord takes, with its next step whole."""
    for unit in ("\N{SHIP}", "*", "a\n", "\n", "@ "):
        embed = answer_with(unit * 4000, locale)
        assert accepted(embed)
        assert embed.fields[-1].name == load_catalog()[locale]("next_step")
        assert len(embed.description or "") <= ANSWER_SHOWN + 100


# --- refused and failed ---


@pytest.mark.parametrize("text", ["Nobody", "../users", ""])
async def test_an_unknown_name_is_refused_without_asking(town: Town, text: str) -> None:
    """What is neither a UUID nor a name from the list is not sent anywhere."""
    await town.connect("sensay")
    refused = await ask(town, replica=text)
    assert shown(refused).startswith("⚠️ I do not know this replica")
    assert not town.sensay.questions


async def test_without_a_connection_the_command_leads_to_one(town: Town) -> None:
    """The answer names the command that makes one."""
    refused = await ask(town)
    assert shown(refused).startswith("⚠️ Sensay is not connected yet")
    assert "</setup:" in field(refused, "What to do")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_without_a_warning(town: Town, failure: Failure) -> None:
    """To ask twice does no harm, so no failure says that it might."""
    await town.connect("sensay")
    failure.strike(town, "sensay", COMPLETIONS)
    failed = await ask(town)
    failure.shows_in(town, failed, "sensay")
    assert failed.ephemeral


async def test_a_broken_connection_is_no_doubt(town: Town) -> None:
    """Not even an answer that was lost on its way, after Sensay had it, warns of a second try."""
    await town.connect("sensay")
    town.sensay.fail(Reset(after_handling=True), times=None, path=COMPLETIONS)
    assert "Try again in a moment" in field(await ask(town), "What to do")


async def test_a_used_up_quota_is_told_apart(town: Town) -> None:
    """Its own title, reason and way out: the plan and the usage, not a pause."""
    await town.connect("sensay")
    town.sensay.quota_used_up = True
    refused = await ask(town)
    assert shown(refused).startswith("❌ This month's conversations are used up\n")
    assert "Waiting a few minutes does not help" in shown(refused)
    assert "</sensay usage:" in field(refused, "What to do")


async def test_a_bot_that_is_told_to_stop_does_not_wait_for_an_answer(town: Town) -> None:
    """Whoever waits for a slow model then is told to come back, and the bot does not take its minute."""
    await town.connect("sensay")
    town.sensay.fail(Slow(3600), path=COMPLETIONS)
    asking = asyncio.create_task(ask(town))
    while not any(COMPLETIONS in request.path for request in town.sensay.requests):  # noqa: ASYNC110 - see below
        await asyncio.sleep(0)  # the simulator tells nobody that a request has come
    await town.bot.close()
    result = await asking
    assert embed_of(result).title == f"⚠️ {town.texts('problem.restarting.title')}"


# --- too often ---


async def test_asking_too_often_is_slowed_down(town: Town) -> None:
    """The fourth question within half a minute is not sent, and when the next one may be is said."""
    await town.connect("sensay")
    for _ in range(3):
        assert shown(await ask(town)).startswith("💬")
    for locale in LOCALES:
        town.locale = locale
        refused = await ask(town)
        assert refused.ephemeral
        assert embed_of(refused).title == f"⚠️ {town.texts('problem.cooldown.title')}"
        over = int(town.env.now().timestamp()) + 30
        assert f"<t:{over}:R>" in shown(refused)
    assert len(town.sensay.questions) == 3
    await town.env.advance_time(31)
    town.locale = "en-US"
    assert shown(await ask(town)).startswith("💬")


async def test_others_are_not_slowed_down(town: Town) -> None:
    """Another manager, and the same one in another server, ask as if nothing had happened."""
    await town.connect("sensay")
    for _ in range(3):
        await ask(town)
    assert shown(await ask(town)).startswith("⚠️")
    role = town.guild.create_role("Deputies", permissions=discord.Permissions(manage_guild=True))
    deputy = town.guild.add_member(town.env.create_user("rui"), roles=[role])
    assert shown(await ask(town, member=deputy)).startswith("💬")
    guild = town.env.create_guild("Elsewhere")
    quay = guild.create_text_channel("quay")
    role = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    abroad = guild.add_member(town.manager.user, roles=[role])
    refused = await abroad.slash(quay, "sensay ask", replica=town.sensay.ACTIVE, message=QUESTION)
    assert shown(refused).startswith("⚠️ Sensay is not connected yet")

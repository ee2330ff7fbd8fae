"""The form that takes a provider's credentials and stores them, what comes before it, and its answer."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import discord

from bot.discord.components import GuardedModal, PersistentButton
from bot.discord.context import Context, Services
from bot.discord.guard import Step
from bot.discord.replies import acknowledge, defer, open_modal, respond, view_of
from bot.discord.routes import ConnectionName, ProviderSlug
from bot.discord.text import code
from bot.discord.theme import Field, Tone, notice
from bot.features.connections.service import Summary
from bot.i18n.catalog import Texts
from bot.providers.base.credentials import CredentialField
from bot.providers.base.provider import Provider

Action = Literal["add", "rotate"]
ADD: Final = "add"
ROTATE: Final = "rotate"
_NO_CHOICE: Final = "none"
"""The value of the entry for no choice: Discord takes no empty one."""
_Input = discord.ui.TextInput[Any] | discord.ui.RadioGroup[Any]
UnitDoubt = Literal["unknown", "unconfirmed"]
"""Whether the provider does not show a unit, or lists nothing for it, as if it did not exist."""


class CredentialButton(PersistentButton):
    """Opens the credentials form."""

    route = "connections:{action}:{provider}:{name}"
    caption = "connections.{action}.button"
    default_style = discord.ButtonStyle.primary
    after_not_found = True
    step = Step.FORM

    action: Action
    provider: ProviderSlug
    name: ConnectionName

    def operation_in(self, _ctx: Context) -> str:
        """Return what the form is for."""
        return f"connections {self.action}"

    async def press(self, ctx: Context) -> None:
        """Open the form."""
        await ask_for_credentials(ctx, self.action, self.provider, self.name)


async def show_guide(ctx: Context, action: Action, slug: str, name: str | None) -> None:
    """Answer with where the credentials are found, and with the button that opens the form.

    Raises RequestError where the form would be of no use.
    """
    texts, provider = ctx.texts, ctx.services.connections.provider(slug)
    name = await _checked_name(ctx, action, slug, name)
    label = texts("connections.find.button" if action == ADD else "connections.rotate.button")
    embed = notice(
        texts,
        Tone.INFO,
        "connections.find",
        how=f"{texts('connections.find_how')}\n{where_to_find(provider, texts)}",
        next_step=texts("connections.find_next", button=label),
        symbol="🔑",
        provider=provider.name,
    )
    form = CredentialButton(texts=texts, action=action, provider=slug, name=name, label=label)
    await respond(ctx, embed, view_of(form))


def where_to_find(provider: Provider, texts: Texts) -> str:
    """Say of each secret, and whatever else the form wants, where it is found; name the other inputs."""
    lines, optional = [], []
    for field in provider.fields:
        key = provider.field_key(field.id)
        label = texts(f"{key}.label")
        if not field.required and not field.secret:
            optional.append(label)
            continue
        parts = [f"**{label}**", texts(f"{key}.description")]
        if field.page is not None:
            parts.append(f"[{texts('connections.find.docs', provider=provider.name)}]({field.page})")
        lines.append(" · ".join(parts))
    if optional:
        lines.append(texts("connections.find.optional", labels=", ".join(optional)))
    return "\n".join(lines)


async def ask_for_credentials(ctx: Context, action: Action, provider: str, name: str | None) -> None:
    """Answer with the form, and with the button that opens it again if it fails. Raises RequestError."""

    def retry(name: str) -> CredentialButton:
        return CredentialButton(texts=ctx.texts, action=action, provider=provider, name=name)

    await open_form(ctx, action, provider, name, retry)


async def open_form(
    ctx: Context,
    action: Action,
    slug: str,
    name: str | None,
    retry: Callable[[str], PersistentButton],
    done: Callable[[Context, Summary], Awaitable[None]] | None = None,
) -> None:
    """Answer with the form, after making sure that what it is for is possible. Raises RequestError.

    retry: makes the button that opens the form anew, given the connection's name. done: answers once the
    credentials are stored, in the place of ``stored``. Only a form that a component opens may have it, as
    the component's message can be edited then.
    """
    name = await _checked_name(ctx, action, slug, name)
    await open_modal(ctx, CredentialModal(ctx, action, slug, name, retry(name), done))


async def _checked_name(ctx: Context, action: Action, slug: str, name: str | None) -> str:
    connections = ctx.services.connections
    if action == ADD:
        return await connections.check_free(ctx.guild_id, slug, name)
    return (await connections.find(ctx.guild_id, slug, name)).name


class CredentialModal(GuardedModal):
    """Asks for the credentials that a provider declares; nothing is ever filled in beforehand."""

    def __init__(
        self,
        asked: Context,
        action: Action,
        slug: str,
        name: str,
        retry: PersistentButton,
        done: Callable[[Context, Summary], Awaitable[None]] | None,
    ) -> None:
        """done: as in ``open_form``."""
        texts, provider = asked.texts, asked.services.connections.provider(slug)
        title = texts(f"connections.{action}.form", provider=provider.name, name=name)
        super().__init__(asked, title=title, retry=retry)
        self._action: Action = action
        self._slug = slug
        self._name = name
        self._done = done
        intro = texts(f"credential.{slug}.intro")
        if action == ROTATE:
            intro = f"{texts('connections.rotate.intro', name=code(name))}\n{intro}"
        self.add_item(discord.ui.TextDisplay(intro))
        self._inputs: dict[str, _Input] = {}
        for field in provider.fields:
            key = provider.field_key(field.id)
            self._inputs[field.id] = component = _input(field, key, texts)
            label, description = texts(f"{key}.label"), texts(f"{key}.description")
            self.add_item(discord.ui.Label(text=label, description=description, component=component))

    async def submit(self, ctx: Context) -> None:
        """Test what was typed, store it, and answer."""
        await (defer(ctx) if self._done is None else acknowledge(ctx))
        connections = ctx.services.connections
        store = connections.add if self._action == ADD else connections.rotate
        values = {field: _value(component) for field, component in self._inputs.items()}
        async with ctx.change(f"connection.{self._action}", f"{self._slug} · {self._name}"):
            summary = await store(ctx.guild_id, self._slug, self._name, values, member_id=ctx.member.id)
        if self._done is None:
            await respond(ctx, stored(self._action, summary, ctx))
        else:
            await self._done(ctx, summary)


def _input(field: CredentialField, key: str, texts: Texts) -> _Input:
    """Return the input for a field. key: where its texts are."""
    if not field.choices:
        return discord.ui.TextInput(
            custom_id=field.id,
            required=field.required,
            max_length=min(field.max_length, 4000),
            placeholder=texts.find(f"{key}.placeholder"),
        )
    # A client has no way to take a choice back: what is optional has an entry for it.
    none = [] if field.required else [_NO_CHOICE]
    return discord.ui.RadioGroup(
        custom_id=field.id,
        required=field.required,
        options=[
            discord.RadioGroupOption(
                label=texts(f"{key}.choice.{choice}"), value=choice, default=choice == _NO_CHOICE
            )
            for choice in (*none, *field.choices)
        ],
    )


def _value(component: _Input) -> str:
    """Return what was entered, nothing where a choice was left out. It is not checked yet."""
    is_left_out = isinstance(component, discord.ui.RadioGroup) and component.value == _NO_CHOICE
    return "" if is_left_out else component.value or ""


def stored(action: Action, summary: Summary, ctx: Context) -> discord.Embed:
    """Say that credentials were tested and stored; what to do with them next."""
    texts, lines = ctx.texts, credential_lines(summary, ctx.services, ctx.texts)
    return notice(
        texts,
        Tone.GOOD,
        f"connections.{action}.done",
        Field(texts("connections.name"), f"{code(summary.name)}\n{lines}"),
        how=texts("connections.stored.how"),
        next_step=next_step(summary.provider, texts),
        provider=ctx.services.providers[summary.provider].name,
    )


def credential_lines(
    summary: Summary, services: Services, texts: Texts, unit_doubt: UnitDoubt | None = None
) -> str:
    """Name every field as set or not; the first secret also by its end.

    unit_doubt: what is known against the unit that a field names.
    """
    provider = services.providers[summary.provider]
    lines = []
    for position, field in enumerate(provider.fields):
        label = texts(f"{provider.field_key(field.id)}.label")
        if field.id not in summary.fields:
            lines.append(texts("connections.field.unset", label=label))
        elif field.id == provider.unit_field and unit_doubt is not None:
            lines.append(texts(f"connections.field.{unit_doubt}", label=label, provider=provider.name))
        elif position == 0 and summary.hint:
            lines.append(texts("connections.field.set_ending", label=label, ending=code(summary.hint)))
        else:
            lines.append(texts("connections.field.set", label=label))
    return "\n".join(lines)


def rotate_button(provider: str, name: str, ctx: Context) -> CredentialButton:
    """Return the button that enters new credentials for one of several connections, which it names."""
    shown = ctx.services.providers[provider].name
    label = ctx.texts("connections.list.rotate_button", provider=shown, name=name)
    return CredentialButton(texts=ctx.texts, action=ROTATE, provider=provider, name=name, label=label)


def next_step(provider: str, texts: Texts) -> str:
    """Lead on to what the provider is for; its own texts say where."""
    return texts.find(f"{provider}.connected.next") or texts("connections.list.none_next")

"""The form for a provider's credentials, built from the fields that the provider declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.ui.components import Interaction, LastingButton, SafeModal, gate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.kit.provider import Provider


class CredentialModal(SafeModal):
    """Asks for credentials; nothing is ever filled in beforehand."""

    def __init__(
        self,
        asked: Interaction,
        provider: Provider,
        title: str,
        intro: str,
        save: Callable[[Interaction, Mapping[str, str]], Awaitable[None]],
        retry: LastingButton,
    ) -> None:
        """save: takes the submitting interaction, unanswered, and what was typed by field id."""
        super().__init__(asked, title=title, retry=retry)
        texts = gate(asked).texts(asked)
        self._save = save
        self.add_item(discord.ui.TextDisplay(intro))
        self._inputs: dict[str, discord.ui.TextInput[Any]] = {}
        for field in provider.fields:
            text_input: discord.ui.TextInput[Any] = discord.ui.TextInput(
                custom_id=field.id,
                required=field.required,
                max_length=min(field.max_length, 4000),
                placeholder=texts.find(f"credential.{field.id}.placeholder"),
            )
            self._inputs[field.id] = text_input
            self.add_item(
                discord.ui.Label(
                    text=texts(f"credential.{field.id}.label"),
                    description=texts(f"credential.{field.id}.description"),
                    component=text_input,
                )
            )

    async def on_submit(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Hand over what was typed."""
        await self._save(interaction, {field: item.value for field, item in self._inputs.items()})

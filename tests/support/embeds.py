"""What tests ask of an embed: its text, and whether Discord would take it."""

import discord

_LIMITS = {"title": 256, "description": 4096, "name": 256, "value": 1024, "footer": 2048}


def utf16_length(text: str | None) -> int:
    """Return the length as Discord counts it, in UTF-16 code units."""
    return len((text or "").encode("utf-16-le", "surrogatepass")) // 2


def name_and_value(field: object) -> tuple[str, str]:
    """Return an embed field's name and value."""
    return str(getattr(field, "name", "")), str(getattr(field, "value", ""))


def fits_discord(embed: discord.Embed) -> bool:
    """Tell whether Discord takes the embed, by its documented limits."""
    parts = [("title", embed.title), ("description", embed.description), ("footer", embed.footer.text)]
    parts += [
        (part, text)
        for field in embed.fields
        for part, text in zip(("name", "value"), name_and_value(field), strict=True)
    ]
    return (
        all(utf16_length(text) <= _LIMITS[part] for part, text in parts)
        and sum(utf16_length(text) for _, text in parts) <= 6000
        and len(embed.fields) <= 25
        and all(text for field in embed.fields for text in name_and_value(field))
    )


def embed_text(embed: discord.Embed) -> str:
    """Return the title, the description and the fields of an embed, a line each."""
    parts = [embed.title or "", embed.description or ""]
    return "\n".join([*parts, *(f"{field.name}\n{field.value}" for field in embed.fields)])

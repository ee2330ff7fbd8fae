"""Discord ids of two guilds, a member, and a bot whose application may have another id."""

GUILD, OTHER_GUILD, MEMBER = 1102345678901234567, 1102345678999999999, 298765432109870001
OLD_ID = 298765432109870055

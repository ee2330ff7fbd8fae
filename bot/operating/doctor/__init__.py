"""``patchbay doctor``: checks what the bot needs, and names a fix for each fault.

One module per subject: ``settings``, ``machine``, ``database``, ``discord`` and ``providers`` each turn what
they see into findings. ``examination`` runs them, ``report`` shows what they found, and ``network`` is the
only way to other machines. None imports discord.py before it is known that this works.
"""

from bot.operating.doctor.examination import examine
from bot.operating.doctor.report import DoctorReport

__all__ = ["DoctorReport", "examine"]

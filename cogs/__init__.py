"""The commands that members see; each module or folder here with a ``setup`` is loaded by being here."""

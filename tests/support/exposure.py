"""Everything that can be seen of a value, for tests that look for secrets."""

import traceback


def everything_said(value: object) -> str:
    """Return all that a log, a traceback or a debugger could show of a value."""
    said = [repr(value), str(value)]
    if isinstance(value, BaseException):
        said += [repr(value.args), repr(vars(value)), *traceback.format_exception(value)]
    return "\n".join(said)

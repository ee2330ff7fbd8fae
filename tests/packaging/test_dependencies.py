"""docs/dependencies.md explains exactly the dependencies that there are."""

import re
import sys
from importlib.metadata import packages_distributions

from packaging.utils import canonicalize_name

from tests.support.requirements import direct_requirements
from tests.support.source import ROOT, imported, modules

ROW = re.compile(r"^\| `([\w.\[\]-]+)` \| (.+) \| (.+) \| (\d{4}-\d{2}) \|$", re.MULTILINE)


def test_every_direct_dependency_has_its_reason() -> None:
    """Each direct dependency has a row with a reason, a licence and a date, and no row is left over."""
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = [canonicalize_name(name) for name, *_ in ROW.findall(page)]
    assert sorted(explained) == sorted(
        {canonicalize_name(requirement.name) for requirement in direct_requirements("dev")}
    )


def test_what_is_imported_is_what_is_asked_for() -> None:
    """Each import of bot/ and cogs/ is of a direct dependency, and each direct dependency is imported.

    Of data, which zoneinfo finds by itself, there is no import.
    """
    tops = {name.partition(".")[0] for _, tree in modules("bot", "cogs") for name in imported(tree)}
    foreign = tops - sys.stdlib_module_names - {"bot", "cogs"}
    distributions = packages_distributions()
    named = {canonicalize_name(distributions[top][0]) for top in foreign}
    assert named | {"tzdata"} == {
        canonicalize_name(requirement.name)
        for part in ("demo", "postgres")
        for requirement in direct_requirements(part)
    }

"""What starts Patchbay elsewhere is what Kubernetes, Compose and the workflows' host accept."""

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.support.source import ROOT

KUBERNETES = ("1.29", "1.33", "1.37")
"""The first one that the manifests work with, one between, and the last one whose schemas are known."""
FOLDERS = (ROOT / "deploy" / "kubernetes", ROOT / "deploy" / "kubernetes-postgres")
COMPOSE = ROOT / "compose.yaml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def objects() -> dict[str, dict[str, Any]]:
    """Return every object of the manifests, by its folder and kind."""
    return {
        f"{folder.name} {each['kind']}": each
        for folder in FOLDERS
        for path in sorted(folder.glob("*.yaml"))
        for each in yaml.safe_load_all(path.read_text("utf-8"))
        if each["kind"] != "Kustomization"  # Kustomize reads that one, and leaves it out of what it sends
    }


def changed(found: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy of an object in which the value at a path is another one."""
    copy: Any = deepcopy(found)
    part = copy
    *way, last = (int(each) if each.isdigit() else each for each in path.split("."))
    for each in way:
        part = part[each]
    part[last] = value
    return dict(copy)


def is_valid(schema: str, path: Path) -> bool:
    """Tell whether a file is what a schema wants."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("found", objects().values(), ids=objects())
def test_kubernetes_knows_every_field(found: dict[str, Any], version: str) -> None:
    """Each object has the fields of its kind, and no other."""
    kubernetes_validate.validate(found, version, strict=True)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("kubernetes-postgres StatefulSet", "spec.replicas", "three"),
        ("kubernetes-postgres StatefulSet", "spec.podManagmentPolicy", "Parallel"),
        ("kubernetes-postgres StatefulSet", "spec.template.spec.containers.0.readinessProbes", {}),
        ("kubernetes-postgres StatefulSet", "spec.template.spec.volumes.0.secret.defaultMode", "0440"),
        ("kubernetes-postgres StatefulSet", "spec.selector", "patchbay"),
        ("kubernetes-postgres PodDisruptionBudget", "spec.maxUnavailable", [1]),
        ("kubernetes-postgres PodDisruptionBudget", "spec.maxUnavailabe", 1),
        ("kubernetes-postgres NetworkPolicy", "spec.egress.0.port", 53),
        ("kubernetes Service", "spec.ports.0.port", "8080"),
    ],
)
def test_a_wrong_manifest_is_found(name: str, path: str, value: object) -> None:
    """A mistyped field, and a value of another type, are refused."""
    wrong = changed(objects()[name], path, value)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[0], strict=True)


def test_compose_knows_every_field() -> None:
    """The file has the fields of Compose's own schema, and no other."""
    assert is_valid("vendor.compose-spec", COMPOSE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services.postgres.profile", ["postgres"]),
        ("services.postgres.healthcheck.period", "5s"),
        ("services.patchbay.depends_on.postgres.condition", "healthy"),
        ("services.patchbay.volumes.1.readonly", True),
        ("secrets.postgres_password", "./secrets/postgres_password"),
    ],
)
def test_a_wrong_compose_file_is_found(path: str, value: object, tmp_path: Path) -> None:
    """A mistyped field, and a value that there is not, are refused."""
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(yaml.safe_dump(changed(yaml.safe_load(COMPOSE.read_text("utf-8")), path, value)))
    assert not is_valid("vendor.compose-spec", wrong)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_only_fields_that_there_are(path: Path) -> None:
    """The workflows are what their host's schema wants."""
    assert is_valid("vendor.github-workflows", path)

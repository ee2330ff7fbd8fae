"""The files that start Patchbay elsewhere fit the program, and give it no more than it needs."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from tests.support.source import ROOT

UNIT = ROOT / "deploy" / "systemd" / "patchbay.service"
KUBERNETES = ROOT / "deploy" / "kubernetes"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXPOSED_AT_MOST = 15  # tenths, of 100; the rest is what a bot needs: the network, and the system's libraries
PINNED = re.compile(r"(\./\.github/workflows/\w+\.yml|[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")


def unit(name: str) -> list[str]:
    """Return every value of a line of the systemd unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


def manifest(kind: str) -> dict[str, Any]:
    """Return the Kubernetes object of this kind, of which there is one."""
    (found,) = (
        each
        for path in sorted(KUBERNETES.glob("*.yaml"))
        for each in yaml.safe_load_all(path.read_text("utf-8"))
        if each["kind"] == kind
    )
    assert isinstance(found, dict)
    return found


def is_setting(name: str) -> bool:
    """Tell whether this is a setting's name, as a variable or as a file."""
    return name.lower() == "patchbay_secrets_dir" or (
        name.lower().removeprefix("patchbay_") in Settings.model_fields
    )


def test_systemd_sets_what_there_is() -> None:
    """Variables and credentials of the unit have the names of settings."""
    variables = [line.partition("=")[0] for line in unit("Environment")]
    credentials = [line.partition(":")[0] for line in unit("LoadCredential")]
    assert credentials == ["patchbay_discord_token", "patchbay_encryption_keys"]
    named = [each for each in variables + credentials if each.lower().startswith("patchbay")]
    assert len(named) > 3
    assert all(map(is_setting, named))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_systemd_unit_is_a_sandbox() -> None:
    """By what systemd itself finds, the unit may do little that it need not."""
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSED_AT_MOST}", str(UNIT)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert answer.returncode == 0, answer.stdout


def test_the_systemd_unit_leaves_what_the_bot_reads_in_proc() -> None:
    """/proc/stat is for the metrics of the process, /proc/locks for who has the lock of the database."""
    assert set(unit("ProcSubset")) <= {"all"}


def test_kubernetes_starts_one_pod_that_may_do_nothing_else() -> None:
    """No root, no capability, nothing written outside the volumes, no token of the cluster."""
    spec = manifest("StatefulSet")["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["replicas"] == 1
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text("utf-8")
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {each["mountPath"] for each in container["volumeMounts"]} == {"/data", "/run/secrets"}
    assert all(is_setting(each["name"]) for each in container["env"])


def test_kubernetes_asks_what_the_bot_answers() -> None:
    """A pod is started anew if it is not alive, and only passed over if it is not ready."""
    (container,) = manifest("StatefulSet")["spec"]["template"]["spec"]["containers"]
    asked = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    port = next(each["containerPort"] for each in container["ports"])
    assert f"PATCHBAY_HTTP_PORT={port}" in (ROOT / "Dockerfile").read_text("utf-8")
    ingress = manifest("NetworkPolicy")["spec"]["ingress"]
    assert [each["port"] for rule in ingress for each in rule["ports"]] == [port]


def test_kustomize_names_every_manifest() -> None:
    """No file of the folder is left out, and none is missing."""
    listed = manifest("Kustomization")["resources"]
    others = {path.name for path in KUBERNETES.iterdir()} - {"kustomization.yaml"}
    assert set(listed) == others


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_only_code_that_nobody_can_exchange(path: Path) -> None:
    """Each action is named by its commit, with the version beside it."""
    used = re.findall(r"uses: (.*)$", path.read_text("utf-8"), re.MULTILINE)
    assert used
    assert [each for each in used if not PINNED.fullmatch(each)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_gives_rights_job_by_job(path: Path) -> None:
    """By default a job has none, each one names its own, and a checkout leaves no token behind."""
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"]
        for step in job.get("steps", []):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

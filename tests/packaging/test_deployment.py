"""The files that start Patchbay elsewhere fit the program, and give it no more than it needs."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import SECRETS_FOLDER, Settings
from tests.support.source import ROOT, pyproject

UNIT = ROOT / "deploy" / "systemd" / "patchbay.service"
ONE_PROCESS = ROOT / "deploy" / "kubernetes"
PROCESSES = ROOT / "deploy" / "kubernetes-postgres"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXPOSED_AT_MOST = 15  # tenths, of 100; the rest is what a bot needs: the network, and the system's libraries
PINNED = re.compile(r"(\./\.github/workflows/\w+\.yml|[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")


def unit(name: str) -> list[str]:
    """Return every value of a line of the systemd unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


def manifest(folder: Path, kind: str) -> dict[str, Any]:
    """Return a folder's Kubernetes object of this kind, of which there is one."""
    (found,) = (
        each
        for path in sorted(folder.glob("*.yaml"))
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


@pytest.mark.parametrize("folder", [ONE_PROCESS, PROCESSES], ids=lambda folder: folder.name)
def test_kubernetes_starts_pods_that_may_do_nothing_else(folder: Path) -> None:
    """No root, no capability, nothing written outside the volumes, no token of the cluster."""
    pod = manifest(folder, "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(is_setting(each["name"]) for each in container["env"])
    labels = manifest(folder, "Namespace")["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.mark.parametrize("folder", [ONE_PROCESS, PROCESSES], ids=lambda folder: folder.name)
def test_kubernetes_gives_secrets_as_files(folder: Path) -> None:
    """No variable holds a secret: it would be shown beside the pod's other settings."""
    pod = manifest(folder, "StatefulSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (volume,) = (each for each in pod["volumes"] if "secret" in each)
    (mount,) = (each for each in container["volumeMounts"] if each["name"] == volume["name"])
    assert (mount["mountPath"], mount["readOnly"]) == (str(SECRETS_FOLDER), True)
    assert volume["secret"]["defaultMode"] == 0o440
    assert all("valueFrom" not in each for each in container["env"])
    assert all("secretRef" not in each for each in container["envFrom"])


def test_one_process_has_a_volume() -> None:
    """The database is a file, which one pod at a time may open."""
    spec = manifest(ONE_PROCESS, "StatefulSet")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    (claim,) = spec["volumeClaimTemplates"]
    assert spec["replicas"] == 1
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert {each["mountPath"] for each in container["volumeMounts"]} == {"/data", "/run/secrets"}
    assert "WORKDIR /data" in DOCKERFILE


def test_several_processes_write_to_no_disk_and_are_stopped_one_by_one() -> None:
    """All is in the server's database. A budget lets one pod at a time be moved away."""
    spec = manifest(PROCESSES, "StatefulSet")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    budget = manifest(PROCESSES, "PodDisruptionBudget")["spec"]
    assert spec["replicas"] == 3
    assert "volumeClaimTemplates" not in spec
    assert {each["mountPath"] for each in container["volumeMounts"]} == {"/run/secrets"}
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]


@pytest.mark.parametrize("folder", [ONE_PROCESS, PROCESSES], ids=lambda folder: folder.name)
def test_labels_find_the_pods(folder: Path) -> None:
    """Whatever picks pods by their labels picks those of the StatefulSet."""
    spec = manifest(folder, "StatefulSet")["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    assert manifest(folder, "Service")["spec"]["selector"] == labels
    assert manifest(folder, "Service")["metadata"]["name"] == spec["serviceName"]
    assert manifest(folder, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels


@pytest.mark.parametrize("folder", [ONE_PROCESS, PROCESSES], ids=lambda folder: folder.name)
def test_kubernetes_asks_what_the_bot_answers(folder: Path) -> None:
    """A pod is started anew if it is not alive, and only passed over if it is not ready."""
    (container,) = manifest(folder, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    asked = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    port = next(each["containerPort"] for each in container["ports"])
    assert f"PATCHBAY_HTTP_PORT={port}" in DOCKERFILE
    ingress = manifest(folder, "NetworkPolicy")["spec"]["ingress"]
    assert [each["port"] for rule in ingress for each in rule["ports"]] == [port]


@pytest.mark.parametrize(
    ("folder", "ports"), [(ONE_PROCESS, {53, 443}), (PROCESSES, {53, 443, 5432})], ids=["one", "several"]
)
def test_pods_reach_what_they_need(folder: Path, ports: set[int]) -> None:
    """Name servers, HTTPS, and the database where it is on a server."""
    egress = manifest(folder, "NetworkPolicy")["spec"]["egress"]
    assert {each["port"] for rule in egress for each in rule["ports"]} == ports


@pytest.mark.parametrize("folder", [ONE_PROCESS, PROCESSES], ids=lambda folder: folder.name)
def test_kustomize_names_every_manifest(folder: Path) -> None:
    """No file of the folder is left out, and none is missing; the image's name is the one it replaces."""
    kustomization = manifest(folder, "Kustomization")
    others = {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == others
    (container,) = manifest(folder, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    (image,) = kustomization["images"]
    assert (image["name"], image["newTag"]) == (container["image"], pyproject()["project"]["version"])


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

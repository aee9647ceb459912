"""examples/kubernetes: the manifests keep the published schemas, and say what the program and its guide say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_lines import understood
from config_files import ENV
from kubernetes_validate import validate

from migrator.config.schema import load_config

EXAMPLE = Path(__file__).parents[2] / "examples" / "kubernetes"
DOCKERFILE = EXAMPLE.parent / "docker" / "Dockerfile"
# The first in which podFailurePolicy is for everybody, one in between, and the newest whose schemas we have.
VERSIONS = ("1.31", "1.34", "1.37")
SECRETS = {**ENV, "PGPASSWORD": "canary-database", "MIGRATOR_SERVE_TOKEN": "canary-token-of-serve"}


def manifests(name: str) -> list[dict[str, Any]]:
    """The objects of one file."""
    return list(yaml.safe_load_all((EXAMPLE / name).read_text(encoding="utf-8")))


JOB = manifests("job.yaml")[0]
CRON_JOB = manifests("cronjob.yaml")[0]
DEPLOYMENT, SERVICE = manifests("serve.yaml")
ALL = {one["kind"]: one for one in (JOB, CRON_JOB, DEPLOYMENT, SERVICE)}
JOBS = {"Job": JOB["spec"], "CronJob": CRON_JOB["spec"]["jobTemplate"]["spec"]}
PODS = {kind: spec["template"]["spec"] for kind, spec in (JOBS | {"Deployment": DEPLOYMENT["spec"]}).items()}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ALL)
def test_every_object_keeps_the_schema_of_kubernetes(kind: str, version: str) -> None:
    """No field is unknown, misspelt or of another type."""
    validate(ALL[kind], version, strict=True)


@pytest.mark.parametrize("kind", PODS)
def test_every_pod_keeps_the_restricted_profile_of_the_pod_security_standards(kind: str) -> None:
    """Not root, nothing gained, no capability, a seccomp profile; and a read-only root and no access to the cluster."""
    pod = PODS[kind]
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)

    assert user
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(user[1]),
        "runAsGroup": int(user[2]),
        "fsGroup": int(user[2]),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod["automountServiceAccountToken"] is False
    assert [container["securityContext"] for container in pod["containers"]] == [
        {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    ]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert [volume for volume in pod["volumes"] if not {"configMap", "emptyDir"} & volume.keys()] == []


@pytest.mark.parametrize("kind", PODS)
def test_the_command_line_is_one_that_the_program_understands(kind: str) -> None:
    """Every option exists, the configuration is where it is mounted, and a run asks nobody."""
    [container] = PODS[kind]["containers"]
    line = understood(container["args"])
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}

    assert line["command"] == ("serve" if kind == "Deployment" else "run")
    assert line.get("yes", line.get("with_run")) is True
    assert line["config_path"] == Path(mounts["config"]) / "config.yaml"
    assert mounts["data"] == "/data"


@pytest.mark.parametrize("kind", PODS)
def test_no_manifest_holds_a_secret_and_every_variable_comes_from_one(kind: str) -> None:
    [container] = PODS[kind]["containers"]

    assert container["envFrom"] == [{"secretRef": {"name": "migrator"}}]
    assert "env" not in container


def test_the_configuration_is_valid_and_keeps_its_checkpoint_outside_the_pod() -> None:
    """With the variables of the Secret it loads for every command, and the connection to PostgreSQL is checked."""
    config = load_config(EXAMPLE / "migrator.yaml", SECRETS, serving=True)
    written = (EXAMPLE / "migrator.yaml").read_text(encoding="utf-8")

    assert set(re.findall(r"\$\{(\w+)\}", written)) == SECRETS.keys()
    assert config.checkpoint.sqlalchemy_url.drivername == "postgresql+psycopg"
    assert config.checkpoint.sqlalchemy_url.query["sslmode"] == "verify-full"
    assert Path(config.report.dir) == Path("/data/reports")


@pytest.mark.parametrize("kind", JOBS)
def test_an_exit_code_that_repeating_does_not_mend_ends_the_job(kind: str) -> None:
    """1, 2 and 3 fail it at once; 4, 5 and a kill are tried again; a node that is emptied costs no try."""
    job = JOBS[kind]
    fail, ignore = job["podFailurePolicy"]["rules"]

    assert fail["action"] == "FailJob"
    assert fail["onExitCodes"] == {"containerName": "migrator", "operator": "In", "values": [1, 2, 3]}
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (6, "Never")


def test_never_two_at_a_time() -> None:
    """The server is replaced, not doubled, and a night's run waits for the one before."""
    assert (DEPLOYMENT["spec"]["replicas"], DEPLOYMENT["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert CRON_JOB["spec"]["concurrencyPolicy"] == "Forbid"


def test_the_service_leads_to_the_port_on_which_the_server_listens() -> None:
    config = load_config(EXAMPLE / "migrator.yaml", SECRETS, serving=True)
    [container] = PODS["Deployment"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]

    assert str(config.serve.listen).endswith(f":{ports['http']}")
    assert str(config.serve.metrics_listen).endswith(f":{ports['metrics']}")
    assert SERVICE["spec"]["selector"] == DEPLOYMENT["spec"]["selector"]["matchLabels"] == labels
    assert [port["targetPort"] for port in SERVICE["spec"]["ports"]] == ["http"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_job_and_cron_job_start_the_same_pod() -> None:
    """Whoever changes one of the two changes the other."""
    assert JOBS["Job"] == JOBS["CronJob"]

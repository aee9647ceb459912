"""How much the migrator costs beside a bare loop over the same servers, as a ratio within one run.

Run it alone on an idle machine: python tests/bench/bench_run.py [users]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import requests

from migrator.config import schema as configuration
from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.run import migrate
from migrator.sandbox.process import (
    CLIENT_ID,
    CLIENT_SECRET,
    MANAGEMENT_KEY,
    PASSWORD,
    PROJECT_ID,
    USERNAME,
    SandboxProcess,
)


def bare(sandbox: SandboxProcess) -> float:
    """Seconds for the least anybody could do: read every page, send every e-mail, remember nothing."""
    started = time.perf_counter()
    with requests.Session() as session:
        grant = {"grant_type": "password", "username": USERNAME, "password": PASSWORD}
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        token = session.post(f"{sandbox.docebo_url}/oauth2/token", data={**grant, **client}).json()["access_token"]
        people, page, more = [], 1, True
        while more:
            answer = session.get(
                f"{sandbox.docebo_url}/manage/v1/user",
                params={"page": str(page), "page_size": "200", "sort_attr": "username", "sort_dir": "asc"},
                headers={"Authorization": f"Bearer {token}"},
            ).json()["data"]
            people += answer["items"]
            page, more = page + 1, answer["has_more_data"]
        key = {"Authorization": f"Bearer {PROJECT_ID}:{MANAGEMENT_KEY}"}
        for start in range(0, len(people), 100):
            users = [
                {"loginId": person["email"].lower(), "email": person["email"].lower(), "name": person["fullname"]}
                for person in people[start : start + 100]
            ]
            url = f"{sandbox.descope_url}/v1/mgmt/user/create/batch"
            session.post(url, json={"users": users}, headers=key).raise_for_status()
    return time.perf_counter() - started


def timed_run(sandbox: SandboxProcess, *, verify: bool) -> float:
    """Seconds for a whole run with an SQLite checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(sandbox.config_text(), encoding="utf-8")
        config = configuration.load_config(path, {})
        started = time.perf_counter()
        migrate(config, RunOptions(verify=verify), Clock(), RunEvents())
        return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with SandboxProcess(users=users, difficult=0) as sandbox:
        plain = bare(sandbox)
        print(f"bare loop: {plain:.1f} s, {users / plain:,.0f} users/s")
        for verify in (False, True):
            sandbox.control.reset(users=users, difficult=0)
            took = timed_run(sandbox, verify=verify)
            word = "with" if verify else "without"
            rate = f"{took:.1f} s, {users / took:,.0f} users/s, {took / plain:.1f} x the loop"
            print(f"migrator {word} verification: {rate}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory: {peak:.0f} MiB")


if __name__ == "__main__":
    main()

"""What `make audit` says: the known vulnerabilities of a file of pinned and hashed packages, by pip-audit.

It fails for a vulnerability and for whatever else goes wrong, but not where the advisory service cannot be asked: then
it says what was not looked at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# What pip-audit writes when its service does not answer, or not as it should.
NO_SERVICE = ("requests.exceptions.", "ServiceError", "your network may be blocking this service")


def audit(arguments: list[str]) -> int:
    """Ask for each package of the file named first; further arguments are pip-audit's. The exit code."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "--disable-pip", "--require-hashes", "--format=json"]
    command += ["--progress-spinner=off", "--requirement", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if not done.stdout.strip():
        if not any(words in done.stderr for words in NO_SERVICE):
            sys.stderr.write(done.stderr)
            return done.returncode or 1
        print("Not audited: the service that knows of vulnerabilities cannot be reached.")
        return 0
    return tell(json.loads(done.stdout)["dependencies"])


def tell(packages: list[dict[str, Any]]) -> int:
    """Print what pip-audit found of each package, and what it could not look at. The exit code."""
    known = {f"{one['name']} {one['version']}": one["vulns"] for one in packages if one.get("vulns")}
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    for package, vulnerabilities in known.items():
        for one in vulnerabilities:
            print(f"{package}: {one['id']}, corrected in {', '.join(one['fix_versions']) or 'no version yet'}")
    if unknown:
        print(f"Not audited: the service has no data of {len(unknown)} of {len(packages)} packages.")
    if len(packages) > len(unknown):
        print(f"{len(packages) - len(unknown)} packages audited, {len(known)} with a known vulnerability.")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))

"""Whether a folder is on another machine, where SQLite's locks do not hold (docs/reliability.md S6)."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

MOUNTS = Path("/proc/mounts")  # Linux only; on other systems nothing is recognised

_NETWORK = re.compile(
    r"nfs\d*|cifs|smb\d*|smbfs|ncpfs|afs|coda|ceph|lustre|gpfs|glusterfs|beegfs|ocfs2|gfs2"
    r"|fuse\.(sshfs|glusterfs|ceph|s3fs|gcsfuse|blobfuse2?|rclone|davfs2?|juicefs)|davfs2?"
)


def network_file_system(folder: str, mounts: str) -> str:
    """The type of the network file system that holds `folder`; "" if it is a local one.

    Args:
        folder: absolute, without symbolic links.
        mounts: the text of /proc/mounts; of several mounts in one place, the last covers the others.
    """
    place, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 -- device, place, type of fstab(5)
            continue
        # Blanks and similar characters in a path are written as three octal digits.
        here = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1])
        if PurePosixPath(folder).is_relative_to(here) and len(here) >= len(place):
            place, kind = here, fields[2]
    return kind if _NETWORK.fullmatch(kind) else ""


def on_network(path: Path) -> str:
    """The network file system type of the folder that holds `path`; "" if local or unknown."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return network_file_system(str(path.parent.resolve()), mounts)

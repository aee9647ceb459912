"""The credentials the made-up platform accepts: public, worth nothing anywhere else."""

from __future__ import annotations

from typing import Final

CLIENT_ID: Final = "migrator-sandbox"
CLIENT_SECRET: Final = "sandbox-client-secret-made-up"
USERNAME: Final = "svc-migrator"
PASSWORD: Final = "sandbox-password-made-up"

"""The checkpoint's tables; `migrations/` must build exactly these (a test checks for an empty diff).

Every row carries its migration's key, so that several migrations can share one PostgreSQL database.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from migrator.core.model import State

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
    }
)

STATE_LIST: Final = ", ".join(f"'{state}'" for state in State)

migration = Table(
    "migration",
    metadata,
    Column("key", Text, primary_key=True),
    # The binding: empty until the first run has proved its credentials.
    Column("source", Text),
    Column("project", Text),
    Column("target_host", Text),
    Column("mapping_fingerprint", Text),
    Column("mapping_section", Text),  # JSON of the configuration's section, to name changed keys
    Column("policy_fingerprint", Text),
    # The lease: `fence` grows with every holder and is part of every write.
    Column("fence", Integer, nullable=False),
    Column("holder", Text),
    Column("lease_until", Double),
    # The name of the last transaction: shows whether a commit without an answer happened (docs/reliability.md S4).
    Column("last_write", Text),
    # Sweeps are numbered over the life of the migration.
    Column("sweep", Integer, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("command", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("outcome", Text),
    Column("summary", Text),  # the JSON document of the run, counts only
    Column("details", Text),  # JSON of what a report shows in addition: fields, readiness; no personal data
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

# What reading Descope back has shown, by a run or by `migrator verify`; the newest one is reported.
verification = Table(
    "verification",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("scope", Text, nullable=False),  # sent, all or sample
    Column("read", Integer, nullable=False),  # users read back
    Column("classes", Text, nullable=False),  # JSON {class: users}
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

source_user = Table(
    "source_user",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("seen_sweep", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),  # an error code, a count or a word, never personal data
    Column("note_codes", Text, nullable=False),  # comma-separated
    Column("source_status", Text),
    Column("source_created", Text),  # the record's own date texts, for policy.duplicate_email
    Column("source_last_login", Text),
    # Personal data, erased when the migration is done.
    Column("raw", Text),
    Column("profile", Text),
    # Hash of the record, the mapping, `policy.include` and the normalizer's code: the same one gives the same user.
    Column("record_hash", Text),
    # What the source asks for now, and what Descope last acknowledged.
    Column("target_hash", Text, nullable=False),
    Column("sent_hash", Text),
    Column("target_id", Text),
    # The plan's decision on a pending user.
    Column("decision", Text),
    Column("changes", Text),  # JSON {field: [before, after]}; also personal data
    Column("decided_at", Double),
    Column("found_fingerprint", Text),  # of the Descope user on which the decision was made
    Column("predicted_state", Text),  # by this run's plan
    # What reading the user back has shown since it was last sent, in the words of `RowVerdict`; None before.
    Column("verdict", Text),
    # How the user became ours (`Origin`); None before it arrived.
    Column("origin", Text),
    # JSON {field: hash} of Docebo's values when the user was last brought to them, for each field (`SentFields`).
    Column("sent_fields", Text),
    Column("adopt_id", Text),  # the stranger on whom a decision to link was made
    # 1 if this migration disabled the user in Descope, so that it may enable it again.
    Column("disabled_by_us", Integer),
    # 1 if the user has left in the source, and Descope would not let us disable it.
    Column("still_enabled", Integer),
    Column("refusals", Integer),  # runs that ended because everybody, this user included, was refused alike
    # The user must be planned again: `stored_user.AGAIN`, `stored_user.REJUDGE`.
    Column("retry", Integer),
    # The earlier values of these columns, until the plan is confirmed; `was_state` None: there are none.
    Column("was_state", Text),
    Column("was_reason", Text),
    Column("was_detail", Text),
    Column("was_attempts", Integer),
    Column("was_retry", Integer),
    Column("was_row", Text),  # JSON of the row before an unconfirmed mapping overwrote it (`trial`)
    # The intent of `migrator undo`: "delete" or "restore"; None for everybody whom no such request is about.
    Column("undoing", Text),
    # The intent: which batch, since when, and how many requests for this user went unanswered.
    Column("batch", Text),
    Column("sending_since", Double),
    Column("attempts", Integer, nullable=False),
    # Whether the user will land in their own Docebo account (`core.sso`): hashes of what the record says now, how each
    # claim fits the user name by it, and by the last reading back. No personal data.
    Column("username_hash", Text),
    Column("username_fold_hash", Text),
    Column("email_hash", Text),
    Column("login_hash", Text),
    Column("sso_mapped", Text),
    Column("sso_seen", Text),
    Column("history", Text),  # the states the user came through, newest first (`state_history`); no personal data
    CheckConstraint(f"state IN ({STATE_LIST})", name="state"),
    CheckConstraint("(state = 'sending') = (batch IS NOT NULL)", name="batch"),
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)
Index("ix_source_user_state", source_user.c.migration, source_user.c.state, source_user.c.user_id)
# Claiming a batch asks for the fewest attempts first, and then for the first users who have them.
Index(
    "ix_source_user_claim",
    source_user.c.migration,
    source_user.c.state,
    source_user.c.decision,
    source_user.c.attempts,
    source_user.c.user_id,
)
Index("ix_source_user_target", source_user.c.migration, source_user.c.target_id)
# Who signs in is known by the user name or the address as well.
Index("ix_source_user_username", source_user.c.migration, source_user.c.username_fold_hash)
Index("ix_source_user_email", source_user.c.migration, source_user.c.email_hash)

# What Descope users whom this migration did not create were like before it changed them, for `migrator undo`.
pre_image = Table(
    "pre_image",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("target_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),  # of Docebo, whom it was first changed for
    Column("kept", Text, nullable=False),  # JSON of `PreImage`: personal data, which only `undo` and `purge` erase
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

login = Table(
    "login",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("login_key", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)
Index("ix_login_user", login.c.migration, login.c.user_id)

# What a person has decided about a user in problems.csv (`core.choices.UserChoice`).
user_choice = Table(
    "user_choice",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text),  # a Descope user id, or a login id: personal data, erased by `migrator purge`
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

# What a run was doing at a moment, for speeds, the estimate of its end, and the report's time line.
sample = Table(
    "sample",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("calls", Integer, nullable=False),
    Column("throttled", Integer, nullable=False),
    Column("waiting", Text),  # why the run waits; None while it works
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

# What people ask of the run at work from another shell; empty values are what nobody asked for.
control = Table(
    "control",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("fence", Integer, nullable=False),  # of the lease of the run it is for: it means nothing to another
    Column("paused_since", Double),  # epoch seconds
    Column("rate", Double),  # the share of every rate limit's allowance
    Column("concurrency", Integer),  # write batches in flight
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

# What was used of each rate limit, so that a restart does not forget it. One row per limit; times in epoch seconds.
pace = Table(
    "pace",
    metadata,
    Column("migration", Text, primary_key=True),
    Column("api", Text, primary_key=True),
    Column("bucket", Text, primary_key=True),
    Column("used", Text, nullable=False),  # JSON [[latest moment, calls]], of the last window
    Column("reserved", Integer, nullable=False),  # calls that may have started since, the latest at `reserved_until`
    Column("reserved_until", Double, nullable=False),
    Column("paused_at", Double, nullable=False),  # when the server asked for its last pause, of `pause` seconds
    Column("pause", Double, nullable=False),
    Column("lowered", Text),  # JSON of the allowance that a 429 lowered (`LoweredPace`)
    ForeignKeyConstraint(["migration"], ["migration.key"]),
)

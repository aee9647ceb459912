"""The database of a checkpoint: connections, schema, lease, and the fenced transaction."""

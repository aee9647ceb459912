"""Taking a migration back: who may be deleted or restored, doing it, and proving it (docs/decisions/0024)."""

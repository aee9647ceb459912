"""What is known and what was done, durable in SQLite or PostgreSQL."""

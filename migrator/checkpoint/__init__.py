"""What is known about each user and what was done, stored durably in SQLite or PostgreSQL."""

"""What the run leaves for people: summary and problem list."""

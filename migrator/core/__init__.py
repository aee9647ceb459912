"""The domain types, errors, time and text: pure, and imports nothing of ours."""

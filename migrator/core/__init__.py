"""The words of the domain, errors, time and text: pure, and nothing of ours is imported."""

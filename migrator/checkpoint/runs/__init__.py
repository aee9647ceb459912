"""What each run did, how far it is, and what reading back has shown."""

"""What each run did, how far it got, and what reading back has shown."""

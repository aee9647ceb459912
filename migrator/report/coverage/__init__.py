"""What the fields of Docebo hold and where they go, and who can sign in."""

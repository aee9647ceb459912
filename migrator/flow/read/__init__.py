"""Reading Docebo."""

"""Who may read what: one policy for queries, descriptions, search, differences, handles and executed code."""

"""What is known about tables: runs, freshness, descriptions."""

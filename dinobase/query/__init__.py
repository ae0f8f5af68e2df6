"""SQL in, rows out, without harm."""

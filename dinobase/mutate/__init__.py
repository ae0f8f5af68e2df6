"""Statements that change data: planned, previewed, approved, sent to the source once, and undone."""

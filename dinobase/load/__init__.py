"""JSON records become typed rows, in one transaction."""

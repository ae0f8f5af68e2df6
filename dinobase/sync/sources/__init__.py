"""Where connector files are found."""

"""The dinobase command."""

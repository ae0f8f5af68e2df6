"""A connector's resources from API to lake."""

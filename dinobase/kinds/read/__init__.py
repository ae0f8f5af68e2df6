"""How a resource is read: requests out, records in."""

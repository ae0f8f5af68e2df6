"""HTTP: requests out, pages in."""

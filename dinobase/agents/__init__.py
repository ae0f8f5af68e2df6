"""Dinobase in other people's clients: where each keeps its servers, and the skills that come with it."""

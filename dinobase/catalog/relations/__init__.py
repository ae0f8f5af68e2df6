"""Joins that the data itself shows: sketched, guessed, then counted exactly; kept with what was counted."""

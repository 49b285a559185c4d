"""Geocoding: the place mentions of a whole document in, places with coordinates out."""

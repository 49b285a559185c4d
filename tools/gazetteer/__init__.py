"""Builds the gazetteer's table from open data and from the small tables beside this file."""

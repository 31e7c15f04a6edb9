"""Actors: figures drawn in code, lit by the scene they stand in, moving as their kind does."""

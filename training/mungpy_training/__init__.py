"""Trains the models that mungpy ships, and makes the composite faces of its tests."""

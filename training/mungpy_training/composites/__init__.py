"""Composite faces: averages of many faces, which show nobody."""

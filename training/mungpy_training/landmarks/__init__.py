"""The landmark networks of dogs and persons."""

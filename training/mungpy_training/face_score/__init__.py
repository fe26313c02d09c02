"""The face score: whether a box shows a dog's face at all."""

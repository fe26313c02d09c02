"""The detector of dog faces, distilled from a published one."""

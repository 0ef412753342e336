"""griddly_lit: train agents on Griddly's grid worlds with RLlib, the Lightning way."""

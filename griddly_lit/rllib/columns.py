"""Names of our own columns in RLlib's batches and episodes."""

VALID_ACTIONS = "valid_actions"
"""Packed valid actions, uint8 (B, bytes)."""

ANSWERS = "answers"
""":class:`~griddly_lit.models.Answers` of the network with its present weights; not a tensor, and
only in what the env runner acts from."""

MEMORY = "memory"
"""The one entry of RLlib's ``state_in`` and ``state_out``: float32 (B, S), see
:class:`~griddly_lit.models.StateLayout`."""

"""Parts for RLlib's own runners and for Tune, without the trainer."""

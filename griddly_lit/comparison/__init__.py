"""Comparisons of models: models × games × seeds over Ray Tune, statistics and a report."""

from griddly_lit.comparison.comparing import compare
from griddly_lit.comparison.study import Study

__all__ = ["Study", "compare"]

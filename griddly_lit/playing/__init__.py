"""Acting and playing with the weights there are, and what came of it."""

from griddly_lit.playing.actor import Actor
from griddly_lit.playing.episodes import EpisodeBatch, batches_of, check_can_end, play_episodes
from griddly_lit.playing.evaluator import Evaluator
from griddly_lit.playing.on_runner import play_on_runner
from griddly_lit.playing.results import EvaluationResult, LevelResult, summarise

__all__ = [
    "Actor",
    "EpisodeBatch",
    "EvaluationResult",
    "Evaluator",
    "LevelResult",
    "batches_of",
    "check_can_end",
    "play_episodes",
    "play_on_runner",
    "summarise",
]

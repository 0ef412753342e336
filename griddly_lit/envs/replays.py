"""Finished episodes as replays."""

from __future__ import annotations

from griddly_lit.envs.episodes import EpisodeEnd
from griddly_lit.envs.spec import GriddlyEnvSpec
from griddly_lit.recording import EpisodeReplay


def replay_of(spec: GriddlyEnvSpec, end: EpisodeEnd, env_steps: int | None = None) -> EpisodeReplay:
    """Returns a finished episode as a replay that stands by itself.

    Args:
        spec: The environment.
        end: The episode.
        env_steps: Environment steps of training before it, where known.
    """
    return EpisodeReplay(
        text=spec.text,
        level=end.start.level,
        seed=end.start.seed,
        actions=end.actions,
        rewards=end.rewards,
        terminated=end.terminated,
        truncated=not end.terminated,
        outcomes=end.outcomes,
        max_steps=spec.max_steps,
        player_observers=spec.game.player_observers,
        global_observer=spec.global_observer_type,
        player_done_variable=spec.player_done_variable,
        game_dir=spec.game_dir,
        image_path=spec.image_path,
        shader_path=spec.shader_path,
        env_steps=env_steps,
    )

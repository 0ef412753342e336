"""Robot tag: four robots share a policy, and whoever is tagged three times leaves the game.

    python recipes/robot_tag.py

A player who has left has nothing more to see or to do, and nothing of it reaches the learner.
Lengths and returns are counted for each agent.
"""

from __future__ import annotations

from typing import Any

from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer, VideoRecording


def main(**options: Any) -> None:
    """Trains and tests; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(
        yaml_file="Multi-Agent/robot_tag_4.yaml",
        player_done_variable="player_done",
        max_steps=500,
    )
    defaults: dict[str, Any] = {
        "video": VideoRecording(every_env_steps=20_000),
        "track_actions": True,
        "max_env_steps": 300_000,
        "seed": 1,
    }
    trainer = GriddlyTrainer(spec, GAP(), **{**defaults, **options})
    trainer.fit()
    print(trainer.test())


if __name__ == "__main__":
    main()

"""Two policies in one game: a gridman collects pellets, and three chasers hunt it.

    python recipes/two_policies.py

The roles see views of different sizes, and have models and training settings of their own. The game
is ``games/gridman.yaml`` beside this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN, VideoRecording

GAME = Path(__file__).parent / "games" / "gridman.yaml"


def main(**options: Any) -> None:
    """Trains, and tests on the level held out; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(
        yaml_file=str(GAME),
        levels=[0],
        test_levels=[1],
        max_steps=200,
        player_observer_type=["GridmanView", "ChaserView", "ChaserView", "ChaserView"],
        global_observer_type="Block2D",
    )
    training = {"gridman": {"lr": 5e-4}, "chaser": {"entropy_coeff": 0.01}}
    defaults: dict[str, Any] = {
        "video": VideoRecording(every_env_steps=20_000, include_agents=True),
        "max_env_steps": 300_000,
        "seed": 1,
    }
    defaults["training"] = {**options.pop("training", {}), **training}
    trainer = GriddlyTrainer(
        spec,
        {"gridman": ImpalaCNN(), "chaser": GAP()},
        policies={"gridman": [1], "chaser": [2, 3, 4]},
        **{**defaults, **options},
    )
    trainer.fit()
    print(trainer.test())


if __name__ == "__main__":
    main()

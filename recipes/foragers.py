"""Foragers: four harvesters gather potions, all by one policy or each by its own.

python recipes/foragers.py [shared | independent]
"""

from __future__ import annotations

import sys
from typing import Any

from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer


def main(policies: str = "shared", **options: Any) -> None:
    """Trains; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(yaml_file="Multi-Agent/foragers.yaml", max_steps=500)
    defaults: dict[str, Any] = {"max_env_steps": 100_000, "seed": 1}
    trainer = GriddlyTrainer(spec, GAP(), policies=policies, **{**defaults, **options})
    result = trainer.fit()
    for agent in range(1, spec.game.player_count + 1):
        mean = result.metrics.get(f"train/agent_{agent}/return_mean", float("nan"))
        print(f"agent {agent}: return {mean:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The same training as ``clusters.py``, from an ``env_config`` of Griddly's old RLlib integration.

The dictionary is taken as it was; an unknown key is an error that names the nearest known one::

    python recipes/from_env_config.py
"""

from __future__ import annotations

from typing import Any

from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer

ENV_CONFIG = {
    "yaml_file": "Single-Player/GVGAI/clusters_partially_observable.yaml",
    "global_observer_type": "Sprite2D",
    "level": 3,
    "random_level_on_reset": True,
    "max_steps": 1000,
}


def main(**options: Any) -> None:
    """Trains; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec.from_env_config(ENV_CONFIG)
    defaults: dict[str, Any] = {"max_env_steps": 1_000_000, "seed": 1}
    trainer = GriddlyTrainer(spec, GAP(), **{**defaults, **options})
    result = trainer.fit()
    print(f"stopped by {result.stop_reason} after {result.env_steps:,} environment steps")


if __name__ == "__main__":
    main()

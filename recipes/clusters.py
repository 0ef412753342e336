"""Clusters, partially observable: the configuration that Griddly's documentation trains.

Random levels, episodes of at most 1000 steps, the GAP agent. Run it with::

    python recipes/clusters.py

Logs and checkpoints go to ``griddly_lit_logs/`` in the working directory.
"""

from __future__ import annotations

from typing import Any

from griddly_lit import GAP, GriddlyEnvSpec, GriddlyTrainer


def main(**options: Any) -> None:
    """Trains; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
        levels="random",
        max_steps=1000,
    )
    defaults: dict[str, Any] = {"max_env_steps": 1_000_000, "seed": 1}
    trainer = GriddlyTrainer(spec, GAP(), **{**defaults, **options})
    result = trainer.fit()
    print(f"stopped by {result.stop_reason} after {result.env_steps:,} environment steps")
    print(f"best checkpoint: {result.best_path}")


if __name__ == "__main__":
    main()

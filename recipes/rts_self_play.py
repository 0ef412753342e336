"""GriddlyRTS against itself: valid actions only, and snapshots of the learner as opponents.

    python recipes/rts_self_play.py

An action is x, y, type and id; drawn along the tree of valid actions none is wasted. The win rate
against each snapshot and the learner's Elo are logged under ``self_play/``.
"""

from __future__ import annotations

from typing import Any

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN, SelfPlay


def main(**options: Any) -> None:
    """Trains; ``options`` go to the trainer over those below."""
    spec = GriddlyEnvSpec(yaml_file="RTS/GriddlyRTS.yaml", levels=0, max_steps=500)
    defaults: dict[str, Any] = {
        "policies": SelfPlay(snapshot_every=50_000, pool_size=8, opponent="prioritised"),
        "num_envs_per_env_runner": 32,
        "max_env_steps": 1_000_000,
        "seed": 1,
    }
    trainer = GriddlyTrainer(spec, ImpalaCNN(), valid_actions="tree", **{**defaults, **options})
    metrics = trainer.fit().metrics
    elo, error = metrics["self_play/elo"], metrics["self_play/elo_standard_error"]
    print(f"Elo {elo:.0f} ± {error:.0f} over the policy before training")
    for name, rate in sorted(metrics.items()):
        if name.startswith("self_play/win_rate/"):
            print(f"{name}: {rate:.2f}")


if __name__ == "__main__":
    main()

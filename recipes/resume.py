"""A run that is cut short and goes on from its last checkpoint, as after a crash.

python recipes/resume.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer

ROOT = Path("runs/resume")


def main(first: int = 50_000, second: int = 100_000, **options: Any) -> None:
    """Trains for ``first`` environment steps, then, anew, up to ``second``.

    Args:
        first: Environment steps of the first part.
        second: Environment steps at the end of the second.
        **options: For the trainer.
    """
    spec = GriddlyEnvSpec(yaml_file="Single-Player/GVGAI/spider-nest.yaml", max_steps=500)
    defaults: dict[str, Any] = {"seed": 1, "default_root_dir": ROOT}
    for budget in (first, second):
        trainer = GriddlyTrainer(spec, "ImpalaCNN", max_env_steps=budget, **{**defaults, **options})
        # Where there is no checkpoint yet, "last" begins anew and says so.
        result = trainer.fit(ckpt_path="last")
        print(f"{result.env_steps:,} steps, return {result.metrics.get('train/return_mean')}")


if __name__ == "__main__":
    main()

"""What ``make demo`` runs: a gnome learns to collect gems among spiders, in about two minutes.

It leaves a learning curve, a video, checkpoints and logs under ``runs/demo``.
"""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from rich.console import Console
from rich.table import Table

from griddly_lit import GriddlyEnvSpec, GriddlyTrainer, ImpalaCNN

ROOT = Path("runs/demo")


def main() -> None:
    """Trains, tests the best checkpoint, draws the curve, and says what lies where."""
    spec = GriddlyEnvSpec(yaml_file="Single-Player/GVGAI/spider-nest.yaml", max_steps=500)
    trainer = GriddlyTrainer(
        spec,
        ImpalaCNN(),
        # This network keeps what it has learned with larger batches and a lower rate.
        training={"train_batch_size_per_learner": 4096, "minibatch_size": 1024, "lr": 3e-4},
        max_env_steps=400_000,
        validate_every_env_steps=100_000,
        seed=1,
        default_root_dir=ROOT,
    )
    result = trainer.fit()
    test = trainer.test(episodes_per_level=32, ckpt_path="best")
    run = trainer.checkpoint_dir.parent
    curve = draw_curve(run / "metrics.csv", run / "learning_curve.png")
    video = run / "episode.mp4"
    trainer.play(path=video, ckpt_path="best")

    low, high = test.return_interval
    table = Table(title="spider-nest, PPO with ImpalaCNN", show_header=False)
    table.add_row("environment steps", f"{result.env_steps:,}")
    table.add_row(
        "training return, last 100 episodes", f"{result.metrics['train/return_mean']:.2f}"
    )
    table.add_row("test return, 32 episodes", f"{test.return_mean:.2f}  [{low:.2f}, {high:.2f}]")
    table.add_row("speed, steps a second", f"{result.metrics['time/env_steps_per_second']:,.0f}")
    console = Console()
    console.print(table)
    for name, path in (
        ("learning curve", curve),
        ("video", video),
        ("best checkpoint", result.best_path),
        ("metrics", run / "metrics.csv"),
    ):
        console.print(f"{name}: {path}", soft_wrap=True, highlight=False)


def draw_curve(metrics: Path, picture: Path) -> Path:
    """Draws the mean training return over environment steps, and returns the picture's path."""
    with metrics.open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["train/return_mean"]]
    steps = [int(row["step"]) for row in rows]
    returns = [float(row["train/return_mean"]) for row in rows]
    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(steps, returns)
    axes.set(xlabel="environment steps", ylabel="return, mean of 100 episodes")
    axes.set_title("spider-nest: a gnome learns to collect gems")
    axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    return picture


if __name__ == "__main__":
    main()

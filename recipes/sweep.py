"""Hyperparameters by Ray Tune: population based training, ASHA, or Optuna.

python recipes/sweep.py                 # PBT: good trials hand their checkpoints to bad ones
python recipes/sweep.py asha            # ASHA: bad trials end early
python recipes/sweep.py optuna          # Optuna proposes the settings (pip install optuna), with ASHA
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from ray import tune
from ray.tune.schedulers import ASHAScheduler, PopulationBasedTraining
from ray.tune.search.optuna import OptunaSearch

from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer, ModelCheckpoint

METRIC = "train/return_mean"
STEPS = "time/env_steps"


class Report(Callback):
    """Tells Tune of each last checkpoint, with the metrics of its moment."""

    def on_checkpoint_saved(self, trainer: Any, path: Path) -> None:
        """Reports; Tune stops the trial here, or hands it another's checkpoint."""
        if path.name != "last":
            return
        # Until a whole window of episodes has ended there is no mean; schedulers want a number.
        metrics = {METRIC: float("-inf"), **trainer.metrics, STEPS: trainer.env_steps}
        tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(path))


def trial(config: dict[str, Any]) -> None:
    """Trains with the settings of one trial, from the checkpoint that Tune hands over."""
    torch.set_num_threads(1)
    spec = GriddlyEnvSpec(
        yaml_file="Single-Player/GVGAI/clusters_partially_observable.yaml",
        levels="random",
        max_steps=200,
    )
    trainer = GriddlyTrainer(
        spec,
        "SimpleConv",
        training={name: config[name] for name in ("lr", "entropy_coeff")},
        callbacks=[ModelCheckpoint(every_env_steps=config["interval"]), Report()],
        logger=False,
        default_root_dir=Path.cwd() / "trial",
        enable_progress_bar=False,
        enable_model_summary=False,
        **config["options"],
    )
    handed_over = tune.get_checkpoint()
    if handed_over is None:
        trainer.fit()
    else:
        with handed_over.as_directory() as folder:
            trainer.fit(ckpt_path=folder)


def main(
    kind: str = "pbt", trials: int = 8, at_once: int = 2, interval: int = 20_000, **options: Any
) -> tune.ResultGrid:
    """Runs the sweep; ``options`` go to each trainer over those below."""
    space = {"lr": tune.loguniform(1e-4, 2e-3), "entropy_coeff": tune.loguniform(3e-3, 5e-2)}
    scheduler: Any = (
        PopulationBasedTraining(
            time_attr=STEPS, perturbation_interval=2 * interval, hyperparam_mutations=space
        )
        if kind == "pbt"
        else ASHAScheduler(time_attr=STEPS, grace_period=2 * interval, max_t=10**9)
    )
    tuner = tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space={
            **space,
            "interval": interval,
            "options": {"max_env_steps": 200_000, **options},
        },
        tune_config=tune.TuneConfig(
            metric=METRIC,
            mode="max",
            num_samples=trials,
            max_concurrent_trials=at_once,
            scheduler=scheduler,
            search_alg=OptunaSearch() if kind == "optuna" else None,
        ),
        run_config=tune.RunConfig(
            name=kind,
            storage_path=str(Path("runs/sweep").absolute()),
            # A trial whose process dies goes on from its last checkpoint.
            failure_config=tune.FailureConfig(max_failures=3),
        ),
    )
    return tuner.fit()


if __name__ == "__main__":
    results = main(*sys.argv[1:])
    best = results.get_best_result()
    print(f"best: {best.metrics[METRIC]:.2f} with {best.config}, {best.checkpoint}")

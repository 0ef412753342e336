"""What of a trainer's options a checkpoint holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from griddly_lit.checkpoints import UNSAID, settings_to_json

if TYPE_CHECKING:
    from griddly_lit.fitting.options import TrainerOptions


def saved_settings(options: TrainerOptions) -> dict[str, Any]:
    """Returns what decides what is learned, as JSON values, for checkpoints and loggers.

    Args:
        options: What the trainer was told, all but the settings themselves.
    """
    from griddly_lit.rllib.algorithms import (
        as_json,
        find_algorithm,
        training_settings,
        unsaid_settings,
    )

    config = options.fit_config()
    unsaid = unsaid_settings(options.algorithm, options.training, config)
    if options.transforms:
        unsaid.append("transforms")
    names = [policy.name for policy in options.resolved_policies]
    by_policy = {
        name: as_json(options.training[name]) for name in names if name in options.training
    }
    return settings_to_json(
        {
            "model": options.model,
            "policies": options.policies,
            "train_policies": options.train_policies,
            "valid_actions": options.valid_actions,
            "algorithm": find_algorithm(options.algorithm)[0],
            "training": {**training_settings(config), **by_policy},
            "num_env_runners": options.num_env_runners,
            "num_envs_per_env_runner": options.num_envs_per_env_runner,
            "num_learners": options.num_learners,
            "accelerator": options.accelerator,
            "precision": options.precision,
            "seed": options.seed,
            **({UNSAID: unsaid} if unsaid else {}),
        }
    )

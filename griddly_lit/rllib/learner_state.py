"""What a learner goes on with beside weights, optimizers and counters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from griddly_lit.plain_state import State
from griddly_lit.rllib.random_state import random_state, set_random_state

_TARGETS = "last_update_ts_by_mid"
_KL = "curr_kl_coeffs_per_module"
_ENTROPY = "entropy_coeff_schedulers_per_module"


def learner_state(learner: Any) -> State:
    """Returns the random numbers of its process, when targets were updated, and KL coefficients."""
    return {
        "random": random_state(),
        "targets": {policy: int(step) for policy, step in getattr(learner, _TARGETS, {}).items()},
        "kl": {policy: float(each) for policy, each in getattr(learner, _KL, {}).items()},
    }


def load_learner_state(learner: Any, state: Mapping[str, Any], env_steps: int) -> None:
    """Takes over what :func:`learner_state` gave.

    Args:
        learner: RLlib's.
        state: The state.
        env_steps: Environment steps of the run, for what follows a schedule.

    Raises:
        ValueError: It is no such state.
    """
    for policy, step in state["targets"].items():
        getattr(learner, _TARGETS)[policy] = int(step)
    for policy, coefficient in state["kl"].items():
        getattr(learner, _KL)[policy].data.fill_(float(coefficient))
    _follow_schedules(learner, env_steps)
    set_random_state(state["random"])


def _follow_schedules(learner: Any, env_steps: int) -> None:
    # RLlib moves them on after an update, so the first one would go by their beginning.
    for optimizer, schedule in learner._optimizer_lr_schedules.items():
        learner._set_optimizer_lr(optimizer, lr=schedule.update(timestep=env_steps))
    schedules: Any = getattr(learner, _ENTROPY, None)
    if schedules is not None:
        for policy in learner.module.keys():  # noqa: SIM118, a MultiRLModule iterates otherwise
            schedules[policy].update(timestep=env_steps)

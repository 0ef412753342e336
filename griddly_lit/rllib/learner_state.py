"""What a learner goes on with beside weights, optimizers and counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from griddly_lit.plain_state import State
from griddly_lit.rllib.random_state import random_state, set_random_state

_TARGETS = "last_update_ts_by_mid"
_KL = "curr_kl_coeffs_per_module"
_ENTROPY = "entropy_coeff_schedulers_per_module"


def learner_states(group: Any) -> list[State]:
    """Returns the state of each learner of RLlib's LearnerGroup."""
    return [result.get() for result in group.foreach_learner(_learner_state)]


def load_learner_states(group: Any, states: Sequence[Mapping[str, Any]], env_steps: int) -> bool:
    """Gives each learner its state, where they are as many as there were.

    Args:
        group: RLlib's LearnerGroup.
        states: What :func:`learner_states` gave.
        env_steps: Environment steps of the run, for what follows a schedule.

    Raises:
        ValueError: A state is none.
    """
    ids = [None] if group.is_local else group._worker_manager.healthy_actor_ids()
    if len(ids) != len(states):
        return False
    for learner, state in zip(ids, states, strict=True):
        which = {} if learner is None else {"remote_actor_ids": [learner]}
        load = partial(_load_learner_state, state=state, env_steps=env_steps)
        for result in group.foreach_learner(load, **which):
            result.get()
    return True


def _learner_state(learner: Any) -> State:
    """Returns the random numbers of its process, when targets were updated, and KL coefficients."""
    return {
        "random": random_state(),
        "targets": {policy: int(step) for policy, step in getattr(learner, _TARGETS, {}).items()},
        "kl": {policy: float(each) for policy, each in getattr(learner, _KL, {}).items()},
    }


def _load_learner_state(learner: Any, state: Mapping[str, Any], env_steps: int) -> None:
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

"""Callbacks of Lightning's that cannot work here, and why."""

from __future__ import annotations

import logging
from typing import Any

from griddly_lit.errors import OptionError

_log = logging.getLogger("griddly_lit")

_IN_LEARNER = (
    "RLlib's learners take the gradient steps, in processes of their own where there are any"
)
_CHECKPOINT = (
    "it writes Lightning's checkpoints, which hold neither the games nor RLlib's state",
    "Take griddly_lit.ModelCheckpoint, which counts environment steps",
)
_AVERAGE = (
    f"it replaces weights between gradient steps, and {_IN_LEARNER}",
    "Leave it out; trainer.networks has the weights of each iteration for an average of your own",
)
_TUNER = (
    "it runs Lightning's own training loop on batches, and there is none",
    "Set it in training={'lr': …, 'train_batch_size_per_learner': …, 'minibatch_size': …}",
)
_FREEZE = (
    f"it changes optimizers and parameters, and {_IN_LEARNER}",
    "Freeze whole policies with train_policies, or parameters in the constructor of your model",
)
_BATCHES = (
    "it measures batches as they come and go, which RLlib's learners do not show",
    "Read time/… and learner/… of trainer.metrics",
)
_CLASSES = {
    "Checkpoint": _CHECKPOINT,
    "StochasticWeightAveraging": _AVERAGE,
    "WeightAveraging": _AVERAGE,
    "BatchSizeFinder": _TUNER,
    "LearningRateFinder": _TUNER,
    "BaseFinetuning": _FREEZE,
    "ModelPruning": _FREEZE,
    "GradientAccumulationScheduler": (
        f"it counts batches between gradient steps, and {_IN_LEARNER}",
        "Set training={'minibatch_size': …}, which is what a gradient step goes over",
    ),
    "DeviceStatsMonitor": (
        "it measures the device of this process, and games and learners may have others",
        "W&B and MLflow log the machine by themselves; profiler='simple' shows where the time goes",
    ),
    "BasePredictionWriter": ("there are no predictions to write", "Call trainer.act(observation)"),
    "ThroughputMonitor": _BATCHES,
    "SpikeDetection": _BATCHES,
}
_HOOKS = {
    **dict.fromkeys(
        (
            "on_before_backward",
            "on_after_backward",
            "on_before_optimizer_step",
            "on_before_zero_grad",
        ),
        (
            f"nothing would call it: {_IN_LEARNER}",
            "Subclass the algorithm's learner: algorithm=PPOConfig().training(learner_class=…)",
        ),
    ),
    **dict.fromkeys(
        ("on_save_checkpoint", "on_load_checkpoint"),
        (
            "there is no checkpoint dictionary of Lightning's to change",
            "Keep what a resumed run needs with state_dict and load_state_dict",
        ),
    ),
}
_UNCALLED = ("on_test_", "on_predict_", "on_sanity_check_")


def check_works(callback: Any, packages: tuple[str, ...]) -> None:
    """Raises OptionError for a callback that cannot work, and warns of hooks that nothing calls.

    Args:
        callback: The callback.
        packages: Top-level packages of Lightning.
    """
    kind = type(callback)
    for base in kind.__mro__:
        if base.__name__ in _CLASSES and base.__module__.split(".")[0] in packages:
            raise OptionError(f"callbacks={kind.__name__}(…)", *_CLASSES[base.__name__])
    users = _hooks_of_the_user(callback, packages)
    for hook in users:
        if hook in _HOOKS:
            raise OptionError(f"{kind.__name__}.{hook}", *_HOOKS[hook])
    uncalled = [hook for hook in users if hook.startswith(_UNCALLED)]
    if uncalled:
        _log.warning(
            "%s of %s: a fit does not call it, as there are no such batches.",
            ", ".join(uncalled),
            kind.__name__,
        )


def _hooks_of_the_user(callback: Any, packages: tuple[str, ...]) -> list[str]:
    # Classes of Lightning's override what they need for trainers of all kinds.
    named = [
        name
        for base in type(callback).__mro__
        if base.__module__.split(".")[0] not in packages
        for name in vars(base)
    ]
    # A LambdaCallback has its hooks as attributes.
    return sorted({name for name in (*named, *vars(callback)) if name.startswith("on_")})

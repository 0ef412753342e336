"""Exceptions in processes that sample: they end the fit, with their cause.

RLlib restarts a runner that raises, for ever, and names no cause. That is right where a process dies,
by a crash or with its machine. What its code raises, it would raise again.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

import ray
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED

from griddly_lit.errors import GriddlyLitError, WorkerError


class Fault(NamedTuple):
    """An exception, as another process can read it.

    Attributes:
        named: The exception, where it is one of griddly_lit's own.
        text: Its type and message.
        where: Its traceback.
    """

    named: GriddlyLitError | None
    text: str
    where: str


class FaultKeeper:
    """Keeps an exception of a remote runner in a ``with`` block until the driver asks for it.

    Args:
        runner: The runner; in the driver's own process exceptions pass.

    Attributes:
        fault: The exception.
    """

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self.fault: Fault | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> bool:
        runner = self._runner
        if not isinstance(error, Exception) or not runner.worker_index:
            return False
        # What follows in games that one has stopped halfway is of its doing.
        self.fault = self.fault or _fault_of(error)
        # RLlib samples until it has a batch: told that it has one, it comes back to the driver.
        batch = runner.config.total_train_batch_size
        runner.metrics.log_value(NUM_ENV_STEPS_SAMPLED, batch, reduce="sum")
        return True


def raise_fault(group: Any) -> None:
    """Raises what a remote runner of a group has kept, if one has.

    Args:
        group: RLlib's EnvRunnerGroup.

    Raises:
        GriddlyLitError: The exception, if it is one of ours.
        WorkerError: Any other.
    """
    if group.num_remote_env_runners():
        for fault in group.foreach_env_runner(_kept_by, local_env_runner=False):
            if fault is not None:
                _raise(fault, "samples")


def raise_death(error: Exception) -> None:
    """Raises WorkerError where Ray tells of a process that is gone: one that learns.

    Of those that sample, RLlib brings back who is gone, and raises nothing.
    """
    if isinstance(error, ray.exceptions.RayActorError):
        text = " ".join(str(error).split("The actor is dead because")[-1].split())[:500]
        raise WorkerError(
            "a process that learns",
            f"it died: {text}",
            "Go on from the last checkpoint, with fit(ckpt_path='last')",
        ) from error


def build(config: AlgorithmConfig, build_algorithm: Callable[[], Any]) -> Any:
    """Builds an algorithm, and makes sure that its remote runners have started.

    RLlib does not hand on why one did not, and may stumble itself when there is none. So one more
    process does what they did.

    Args:
        config: The algorithm's.
        build_algorithm: Builds it of that.

    Raises:
        GriddlyLitError: The cause, if it is an exception of ours.
        WorkerError: Any other.
    """
    try:
        algorithm = build_algorithm()
    except Exception:
        fault = _fault_of_a_start(config) if config.num_env_runners else None
        if fault is not None:
            _raise(fault, "starts")
        raise
    group = algorithm.env_runner_group
    if group.num_healthy_remote_env_runners() < group.num_remote_env_runners():
        algorithm.stop()
        unknown = Fault(None, "it died, and one more that was tried did not", "")
        _raise(_fault_of_a_start(config) or unknown, "starts")
    return algorithm


def _kept_by(runner: Any) -> Fault | None:
    kept: Fault | None = runner.faults.fault
    return kept


def _fault_of_a_start(config: AlgorithmConfig) -> Fault | None:
    try:
        fault: Fault | None = ray.get(ray.remote(num_cpus=0, max_retries=0)(_start).remote(config))
    except ray.exceptions.RayError as error:
        return _fault_of(error)
    return fault


def _start(config: AlgorithmConfig) -> Fault | None:
    try:
        config.env_runner_cls(config=config, worker_index=1).stop()
    except Exception as error:  # a user's model can raise anything
        return _fault_of(error)
    return None


def _fault_of(error: Exception) -> Fault:
    named = error if isinstance(error, GriddlyLitError) else None
    text = f"{type(error).__name__}: {error}"
    return Fault(named, text[:2000], "".join(traceback.format_exception(error)))


def _raise(fault: Fault, doing: str) -> None:
    cause = _InAWorker(fault.where)
    if fault.named is not None:
        raise fault.named from cause
    raise WorkerError(
        f"a process that {doing}",
        f"it raises {fault.text}",
        "Mend the cause; num_env_runners=0 runs the same code in this process, for a debugger",
    ) from cause


class _InAWorker(Exception):  # noqa: N818, it is a traceback to be shown
    """The traceback of another process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"

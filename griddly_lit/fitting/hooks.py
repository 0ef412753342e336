"""Calls of callbacks' hooks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from griddly_lit.callbacks import Callback, ModelCheckpoint, TrainerView, hook_names
from griddly_lit.errors import OptionError, did_you_mean
from griddly_lit.fitting.profiling import Profiling

HOOKS = {
    name: len(inspect.signature(getattr(Callback, name)).parameters) - 1 for name in hook_names()
}
"""Hooks, and how many arguments each is called with."""

_CHECKPOINTS_FIRST = ("on_fit_end", "on_exception")


class Hooks:
    """The hooks of a fit's callbacks; ``hooks("on_video", video)`` calls them in turn.

    Checkpoints are the last of each event, so that what others log is in them, and the first at
    the end of the fit, so that its result is whole and nothing keeps them from being written.

    Args:
        trainer: The first argument of all hooks but the last one's.
        callbacks: The callbacks.
        profiling: Takes the time of each hook.
        flush: Called after each callback: publishes what it has logged.
    """

    def __init__(
        self,
        trainer: TrainerView,
        callbacks: Sequence[Callback],
        profiling: Profiling,
        flush: Callable[[], None],
    ) -> None:
        self._profiling = profiling
        self._flush = flush
        self._calls: dict[str, list[Callable[..., None]]] = {}
        for hook in HOOKS:
            having = [each for each in callbacks if _has(each, hook)]
            is_last = hook not in _CHECKPOINTS_FIRST
            having.sort(key=lambda each: isinstance(each, ModelCheckpoint) == is_last)
            self._calls[hook] = [
                partial(self._call, _accepted(trainer, each, hook), _action(each, hook))
                for each in having
            ]

    def __call__(self, hook: str, *value: Any) -> None:
        """Calls a hook of all callbacks.

        Args:
            hook: Its name.
            *value: What came of the event, if it has a result.
        """
        for call in self._calls[hook]:
            call([value])

    def each(self, hook: str, values: Iterable[Any]) -> None:
        """Calls a hook of all callbacks for each of many values."""
        listed = [(value,) for value in values] if self._calls[hook] else []
        for call in self._calls[hook] if listed else []:
            call(listed)

    def of(self, hook: str) -> list[Callable[..., None]]:
        """Returns the hooks of all callbacks, to be called one by one."""
        return [lambda *value, call=call: call([value]) for call in self._calls[hook]]

    def _call(
        self, hook: Callable[..., None], action: str, values: Sequence[tuple[Any, ...]]
    ) -> None:
        with self._profiling.of(action):
            for value in values:
                hook(*value)
        self._flush()


def check_hooks(callback: Callback) -> None:
    """Raises OptionError for a hook that nothing would call, or that cannot be called."""
    name = type(callback).__name__
    for attribute in dir(callback):
        if attribute.startswith("on_") and attribute not in HOOKS:
            raise OptionError(
                f"{name}.{attribute}",
                "there is no such hook, so nothing would call it (begin names of your own with '_')",
                did_you_mean(attribute, HOOKS),
                HOOKS,
            )
    for hook in HOOKS:
        _check_signature(callback, hook)


def _check_signature(callback: Callback, hook: str) -> None:
    try:
        _arguments_of(callback, hook)
    except (TypeError, ValueError) as error:
        meant = ", ".join(inspect.signature(getattr(Callback, hook)).parameters)
        raise OptionError(
            f"{type(callback).__name__}.{hook}",
            f"it cannot be called as this hook is ({error})",
            f"Define it as {hook}({meant})",
        ) from error


def _has(callback: Callback, hook: str) -> bool:
    own = getattr(callback, hook)
    return getattr(own, "__func__", own) is not getattr(Callback, hook)


def _arguments_of(callback: Callback, hook: str) -> int:
    """Returns how many arguments a hook takes: all there are, or all but the event's result."""
    signature = inspect.signature(getattr(callback, hook))
    try:
        signature.bind(*(None,) * HOOKS[hook])
    except TypeError:
        if HOOKS[hook] < 2:
            raise
        try:
            signature.bind(None)
        except TypeError:
            pass
        else:
            return 1
        raise
    return HOOKS[hook]


def _accepted(trainer: TrainerView, callback: Callback, hook: str) -> Callable[..., None]:
    called = getattr(callback, hook)
    count = _arguments_of(callback, hook)
    if count == 0:
        taking_nothing: Callable[..., None] = called
        return taking_nothing
    return lambda *value: called(trainer, *value[: count - 1])


def _action(callback: Callback, hook: str) -> str:
    return f"{callback.state_key}.{hook}"

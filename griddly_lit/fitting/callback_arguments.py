"""The callbacks that a trainer is made with: taken, adapted, or refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from griddly_lit.arguments import shown
from griddly_lit.callbacks import Callback
from griddly_lit.errors import OptionError
from griddly_lit.fitting.hooks import HOOKS, check_hooks

_LIGHTNING = ("lightning", "pytorch_lightning")


def checked_callbacks(callbacks: Any) -> list[Callback]:
    """Returns the callbacks, Lightning's in an adapter.

    Raises:
        OptionError: One is of another kind, has a hook that nothing would call, or is one of
            Lightning's that cannot work here.
    """
    if callbacks is None:
        return []
    listed = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    return [_checked(callback) for callback in listed]


def _checked(callback: Any) -> Callback:
    if _is_lightnings(callback):
        # Its import takes seconds, which whoever has such a callback has spent already.
        from griddly_lit.callbacks.lightning import adapted

        return adapted(callback)
    if not isinstance(callback, Callback):
        raise OptionError(
            shown("callbacks", callback),
            "callbacks are subclasses of griddly_lit.Callback, or Lightning's",
            _callback_meant(callback),
        )
    check_hooks(callback)
    return callback


def check_validated(callbacks: Sequence[Callback]) -> None:
    """Raises OptionError for a callback of Lightning's that waits for validations, as there are none."""
    for each in callbacks:
        theirs = getattr(each, "callback", None)
        monitor = getattr(theirs, "monitor", None)
        if isinstance(monitor, str) and monitor.startswith("val/"):
            raise OptionError(
                f"{type(theirs).__name__}(monitor={monitor!r})",
                "there are no validations that would measure it",
                "Set validate_every_env_steps, or monitor 'train/return_mean'",
            )


def _is_lightnings(callback: Any) -> bool:
    return any(
        base.__name__ == "Callback" and base.__module__.split(".")[0] in _LIGHTNING
        for base in type(callback).__mro__
    )


def _callback_meant(callback: Any) -> str:
    kind = callback if isinstance(callback, type) else type(callback)
    if isinstance(callback, type) and (
        issubclass(callback, Callback)
        or any(b.__module__.split(".")[0] in _LIGHTNING for b in kind.__mro__)
    ):
        return f"Make one of the class: {kind.__name__}(…)"
    if any(base.__module__.startswith("ray.") for base in kind.__mro__):
        return "Give RLlib's callbacks to RLlib: algorithm=PPOConfig().callbacks(…)"
    return f"Subclass it, with the hooks {', '.join(HOOKS)}"

"""The id of a W&B run, drawn before the run is opened, and taken up again."""

from __future__ import annotations

import logging
import os
import secrets
import string
import sys
from collections.abc import Mapping
from typing import Any

from griddly_lit.tracking.runs.free import is_free

_log = logging.getLogger("griddly_lit")
_opened: set[str] = set()
_ALPHABET = string.ascii_lowercase + string.digits


def a_run_is_open() -> bool:
    """Whether W&B has a run in this process, without its import."""
    return getattr(sys.modules.get("wandb"), "run", None) is not None


def note_opened(run: Any) -> None:
    """Notes that a run was opened here, and is not the user's."""
    _opened.add(run.id)


def draw_id(logger: Any) -> None:
    """Gives the run that a WandbLogger opens next an id, unless its user or W&B has one for it."""
    if logger._experiment is None and is_free(logger):
        run = _users_run()
        # W&B prefers the argument to what a sweep has set.
        set_already = os.environ.get("WANDB_RUN_ID") if run is None else run.id
        _set(logger, set_already or _drawn())


def is_offline(logger: Any) -> bool:
    """Whether what the logger gets stays on this machine."""
    run = logger._experiment
    if run is not None:
        return bool(run.offline)
    mode = logger._wandb_init.get("mode") or os.environ.get("WANDB_MODE") or "online"
    return logger._offline or mode != "online"


def take_id(logger: Any, known: Mapping[str, Any]) -> bool:
    """Lets a WandbLogger go on in a run that was begun, if it has no other.

    Args:
        logger: A logger of the same project.
        known: The run, as it was described when it was begun.

    Returns:
        Whether it does; offline, where W&B cannot, it is a new run that names the other as its
        group.
    """
    run = logger._experiment or _users_run()
    if run is not None:
        return bool(run.id == known["id"])
    if is_offline(logger) or known.get("offline"):
        _link(logger, known)
        return False
    _set(logger, known["id"])
    logger._wandb_init["resume"] = "must"
    return True


def may_take(logger: Any, known: Mapping[str, Any]) -> bool:
    """Whether a WandbLogger has no run of its own but the one that is described."""
    run = logger._experiment or _users_run()
    if run is not None:
        return bool(run.id == known["id"])
    return is_free(logger) or bool(logger._id == known["id"])


def _users_run() -> Any:
    """Returns the open run into which Lightning's logger would write, if it is not ours."""
    run = getattr(sys.modules.get("wandb"), "run", None)
    return None if run is None or run.id in _opened else run


def _drawn() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def _set(logger: Any, run_id: str | None) -> None:
    logger._id = logger._wandb_init["id"] = run_id


def _link(logger: Any, known: Mapping[str, Any]) -> None:
    # Another id, whoever chose the first: syncing two logs of one id erases the first.
    _set(logger, _drawn())
    settings = logger._wandb_init
    settings["group"] = settings.get("group") or known.get("group") or known["id"]
    text = f"Goes on from run {known['id']}"
    settings["notes"] = "\n".join(filter(None, [settings.get("notes"), text]))
    _log.warning(
        "W&B cannot go on in a run offline: run %s continues %s, in the group %s.",
        logger._id,
        known["id"],
        settings["group"],
    )

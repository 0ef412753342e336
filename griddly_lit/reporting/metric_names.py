"""Which metrics a trainer will have, known before it trains."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from griddly_lit.callbacks import ModelCheckpoint
from griddly_lit.engine import GameInfo
from griddly_lit.errors import OptionError
from griddly_lit.policies import Policy
from griddly_lit.tracking.events import OUTCOMES

_log = logging.getLogger("griddly_lit")
_MEANS = ("return_mean", "length_mean", "win_rate")
_BY_AGENT = ("return_mean", "win_rate")
_TIMES = ("env_steps_per_second", "sampling_seconds", "learning_seconds")


def metric_names(
    game: GameInfo,
    policies: Sequence[Policy],
    levels: Iterable[int],
    held_out: Iterable[int] = (),
    *,
    in_self_play: bool,
    is_validated: bool,
    track_actions: bool,
) -> list[str]:
    """Returns the names of metrics; one that ends in ``/`` stands for all that begin with it.

    Args:
        game: The game.
        policies: Who acts for whom.
        levels: Training levels that a validation plays; none where they are generated.
        held_out: Other levels that it plays.
        in_self_play: Whether a league is played.
        is_validated: Whether there are validations.
        track_actions: Whether actions and outcomes are counted.
    """
    agents = [f"agent_{agent}" for agent in range(1, game.player_count + 1)]
    have_company = len(agents) > 1
    in_groups = [*(policy.name for policy in policies), *agents]
    listed = [f"level_{level}" for level in levels] or ["level_generated"]
    names = ["train/episodes", *(f"train/{name}" for name in _MEANS)]
    names += [f"time/{name}" for name in _TIMES]
    # Each algorithm's learner has metrics of its own.
    names += [f"learner/{policy.name}/" for policy in policies]
    if have_company and not in_self_play:
        names += [f"train/{group}/{name}" for group in in_groups for name in _BY_AGENT]
    if in_self_play:
        names += [f"self_play/{name}" for name in ("elo", "elo_standard_error", "snapshots")]
        names += ["self_play/return_mean", "self_play/win_rate/"]
    if track_actions:
        names += [
            f"agent_info/{agent}/{name}"
            for agent in range(1, game.player_count + 1)
            for name in (*game.action_names, *OUTCOMES)
        ]
    if is_validated:
        others = [f"level_{level}" for level in held_out]
        intervals = ["val/return_mean"]
        names += [f"val/{name}" for name in _MEANS]
        for level in (*listed, *others):
            intervals.append(f"val/{level}/return_mean")
            names += [f"val/{level}/{name}" for name in _BY_AGENT]
        if others:
            names += [f"val/held_out/{name}" for name in _MEANS] + ["val/generalisation_gap"]
            intervals += ["val/held_out/return_mean", "val/generalisation_gap"]
        names += [f"{name}_{bound}" for name in intervals for bound in ("low", "high")]
        names += [f"val/{agent}/{name}" for agent in agents if have_company for name in _BY_AGENT]
    return names


def check_monitors(
    checkpoints: Iterable[ModelCheckpoint], known: Sequence[str], others_may_add: bool
) -> None:
    """Checks that checkpoints are chosen by a metric that there will be.

    Args:
        checkpoints: Their callbacks.
        known: See :func:`metric_names`.
        others_may_add: Whether callbacks of the user's may have metrics of their own; then it is a
            warning.

    Raises:
        OptionError: A monitor is unknown; the nearest metric is suggested.
    """
    prefixes = tuple(name for name in known if name.endswith("/"))
    for checkpoint in checkpoints:
        if checkpoint.monitor is not None and checkpoint.monitor.startswith(prefixes):
            continue
        try:
            checkpoint.check_monitor(name for name in known if name not in prefixes)
        except OptionError as error:
            if not others_may_add:
                raise
            _log.warning("%s If no callback adds this metric, no checkpoint is the best.", error)

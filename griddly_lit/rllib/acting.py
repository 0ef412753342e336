"""One call of a policy: observations in, actions and what is known of them out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from ray.rllib.core.columns import Columns

from griddly_lit.models import ActionHead, Answers
from griddly_lit.rllib.columns import ANSWERS


class Acted(NamedTuple):
    """What a policy did for B observations.

    Attributes:
        actions: int64 (B, parts).
        log_probs: float32 (B,); zeros for actions that were not drawn.
        logits: float32 (B, L).
        values: float32 (B,), or None where the module gives none.
    """

    actions: NDArray[np.int64]
    log_probs: NDArray[np.float32]
    logits: NDArray[np.float32]
    values: NDArray[np.float32] | None


@torch.no_grad()
def act(
    module: Any,
    head: ActionHead,
    observations: NDArray[np.uint8],
    valid_actions: NDArray[np.uint8],
    generator: torch.Generator,
    answers: Answers,
    *,
    explore: bool,
    random_actions: bool,
    timestep: int,
) -> Acted:
    """Lets a module act.

    Args:
        module: An RLlib module.
        head: What actions consist of.
        observations: uint8 (B, H, W, C).
        valid_actions: What each may do, packed as the head packs it.
        generator: Draws the actions.
        answers: What the module's network has answered with its present weights.
        explore: Draw from the policy; otherwise take its best.
        random_actions: Draw uniformly, without the module.
        timestep: Environment steps so far, for schedules of exploration.
    """
    batch = {Columns.OBS: torch.from_numpy(observations), ANSWERS: answers}
    if random_actions:
        outputs = {Columns.ACTION_DIST_INPUTS: torch.zeros(len(observations), head.num_logits)}
    elif explore:
        outputs = module.forward_exploration(batch, t=timestep)
    else:
        outputs = module.forward_inference(batch)
    # A user's module may compute in another precision.
    logits = outputs[Columns.ACTION_DIST_INPUTS].float()
    values = outputs.get(Columns.VF_PREDS)
    distribution = head.distribution(logits, torch.from_numpy(valid_actions))
    if explore or random_actions:
        actions, log_probs = distribution.sample(generator)
    else:
        actions, log_probs = distribution.mode(), torch.zeros(len(logits))
    return Acted(
        actions.numpy(),
        log_probs.numpy(),
        logits.numpy(),
        None if values is None else values.float().numpy(),
    )

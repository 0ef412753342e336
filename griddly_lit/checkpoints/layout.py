"""Checkpoints: directories that are written whole or not at all.

A checkpoint holds::

    manifest.json         format, counters, metrics, and size and SHA-256 of every other file
    game.yaml             the game's text
    spec.json             the environment spec
    trainer.json          the models' specs and the trainer's settings
    fits.json             what a trainer must have in common with it to use it
    weights.safetensors   every policy's network, as "policy/name"
    pool/                 the snapshots of self-play, one file each, and who beat whom
    best.json             names and scores of the best checkpoints beside it
    state/                what a resume goes on with bit for bit: games in flight, random states,
                          the window of episodes, callbacks
    rllib/                what RLlib goes on with: optimizers, target networks, counters

Nothing in it is pickled, no file is read that the manifest does not list, and no code that a file
names is run unless the user trusts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from griddly_lit.envs import GriddlyEnvSpec
from griddly_lit.policies import Policy

FORMAT = 4
MANIFEST = "manifest.json"
FITS = "fits.json"
POOL = "pool"
STATE = "state"
RLLIB = "rllib"
"""Folder of what RLlib goes on with."""


def what_must_fit(env: GriddlyEnvSpec, policies: Sequence[Policy]) -> dict[str, Any]:
    """Returns what a checkpoint and whoever uses it must have in common, as JSON values."""
    return {
        "observation shape": env.observation_shapes,
        "model": {policy.name: policy.model.to_dict() for policy in policies},
        "choice of policies": {policy.name: policy.agents for policy in policies},
        "set of actions": policies[0].head.all_parts,
    }


def spec_values(env: GriddlyEnvSpec) -> dict[str, Any]:
    """Returns a spec as JSON values, without the game's text."""
    values = env.to_dict()
    del values["yaml_string"]
    return values

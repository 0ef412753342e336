"""The state of RLlib's buffer of episodes, as plain values and arrays."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer
from ray.rllib.utils.replay_buffers.episode_replay_buffer import EpisodeReplayBuffer

from griddly_lit.plain_state import State, rng_state, set_rng_state

_COUNTS = ("_num_episodes_evicted", "_num_timesteps", "_num_timesteps_added", "sampled_timesteps")
_PRIORITIES = ("_sum_segment", "_min_segment", "_free_nodes", "_last_sampled_indices")
_COLUMNS = ("observations", "actions", "rewards")


def seed_buffer(buffer: EpisodeReplayBuffer, seed: int) -> None:
    """Makes a buffer's draws repeatable; RLlib leaves them to the operating system's entropy."""
    buffer.rng = np.random.default_rng(seed)


def buffer_state(buffer: EpisodeReplayBuffer) -> State:
    """Returns the state of a buffer, prioritised or not."""
    state = buffer.get_state()
    episodes: Sequence[SingleAgentEpisode] = list(buffer.episodes)
    return {
        "episodes": _episodes_state(episodes) if episodes else None,
        "ids": [[name, index] for name, index in state["episode_id_to_index"]],
        "indices": _pairs(state["_indices"]),
        "counts": {name: int(state[name]) for name in _COUNTS},
        "generator": rng_state(buffer.rng),
        "priorities": (
            {
                **{name: np.asarray(state[name]) for name in _PRIORITIES},
                "samples": _pairs(state["_tree_idx_to_sample_idx"]),
                "max_priority": float(state["_max_priority"]),
                "max_idx": int(state["_max_idx"]),
            }
            if "_sum_segment" in state
            else None
        ),
    }


def load_buffer_state(buffer: EpisodeReplayBuffer, state: Mapping[str, Any]) -> None:
    """Takes over what :func:`buffer_state` gave.

    Args:
        buffer: One of the same kind and capacity, and as yet empty.
        state: The state.

    Raises:
        ValueError: It is the state of another kind of buffer.
    """
    priorities = state["priorities"]
    values: dict[str, Any] = {
        "episodes": [],
        "episode_id_to_index": [(str(name), int(index)) for name, index in state["ids"]],
        "_indices": list(map(tuple, state["indices"].tolist())),
        **{name: int(state["counts"][name]) for name in _COUNTS},
    }
    if (priorities is not None) != ("_sum_segment" in buffer.get_state()):
        raise ValueError("the replay buffer is of another kind")
    if priorities is not None:
        values |= {name: priorities[name].tolist() for name in _PRIORITIES}
        values["_tree_idx_to_sample_idx"] = priorities["samples"].tolist()
        values["_max_priority"] = float(priorities["max_priority"])
        values["_max_idx"] = int(priorities["max_idx"])
        if len(values["_sum_segment"]) != 2 * buffer._sum_segment.capacity:
            raise ValueError("the replay buffer has another capacity")
    buffer.set_state(values)
    buffer.episodes = deque(_episodes(state["episodes"]) if state["episodes"] else [])
    set_rng_state(buffer.rng, state["generator"])


def _episodes_state(episodes: Sequence[SingleAgentEpisode]) -> State:
    """Returns all episodes in one array a column."""
    outputs = sorted(episodes[0].extra_model_outputs)
    return {
        "ids": [episode.id_ for episode in episodes],
        "lengths": np.array([len(episode) for episode in episodes]),
        "started": np.array([episode.t_started for episode in episodes]),
        "terminated": np.array([episode.is_terminated for episode in episodes]),
        "truncated": np.array([episode.is_truncated for episode in episodes]),
        **{
            name: _squeezed(np.concatenate([getattr(each, name).data for each in episodes]))
            for name in _COLUMNS
        },
        "outputs": {
            name: _squeezed(np.concatenate([e.extra_model_outputs[name].data for e in episodes]))
            for name in outputs
        },
    }


def _episodes(state: Mapping[str, Any]) -> list[SingleAgentEpisode]:
    columns = {name: _unsqueezed(state[name]) for name in _COLUMNS}
    outputs = {name: _unsqueezed(column) for name, column in state["outputs"].items()}
    episodes, first = [], 0
    for number, (name, length) in enumerate(zip(state["ids"], state["lengths"], strict=True)):
        steps = slice(first, first + int(length))
        # An episode has one observation more than it has steps.
        seen = slice(first + number, first + number + int(length) + 1)
        episodes.append(
            SingleAgentEpisode(
                id_=str(name),
                observations=_column(columns["observations"][seen]),
                actions=_column(columns["actions"][steps]),
                rewards=_column(columns["rewards"][steps]),
                infos=InfiniteLookbackBuffer([{}] * (int(length) + 1)),
                terminated=bool(state["terminated"][number]),
                truncated=bool(state["truncated"][number]),
                extra_model_outputs={n: _column(column[steps]) for n, column in outputs.items()},
                t_started=int(state["started"][number]),
                len_lookback_buffer=0,
            )
        )
        first += int(length)
    return episodes


def _column(array: NDArray[Any]) -> InfiniteLookbackBuffer:
    return InfiniteLookbackBuffer(array, lookback=0)


def _pairs(pairs: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return np.array(pairs, dtype=np.int64).reshape(len(pairs), -1)


def _squeezed(array: NDArray[Any]) -> State:
    """Returns an array compressed: grids are all but empty, and a buffer holds many."""
    array = np.ascontiguousarray(array)
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.str,
        "zlib": np.frombuffer(zlib.compress(array.data, 1), dtype=np.uint8),
    }


def _unsqueezed(state: Mapping[str, Any]) -> NDArray[Any]:
    shape, dtype = tuple(state["shape"]), np.dtype(state["dtype"])
    size = int(np.prod(shape)) * dtype.itemsize
    try:
        # No more than it is to be, whatever the file says.
        data = zlib.decompressobj().decompress(state["zlib"].tobytes(), size + 1)
    except zlib.error as error:
        raise ValueError(f"it is no compressed column ({error})") from error
    if len(data) != size or dtype.hasobject:
        raise ValueError("a column has another size than it says")
    column: NDArray[Any] = np.frombuffer(data, dtype).reshape(shape).copy()
    return column

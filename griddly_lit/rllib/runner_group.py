"""Asking the env runners that sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from griddly_lit.rllib.faults import raise_fault

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class RunnerGroup:
    """The runners of an algorithm: the remote ones, or else the one in this process.

    Args:
        group: RLlib's EnvRunnerGroup.
    """

    def __init__(self, group: Any) -> None:
        self._group = group

    def ask(self, question: Callable[[Any], Any]) -> list[Any]:
        """Returns what a function gives for each runner."""
        alone = self._group.num_remote_env_runners() == 0
        answers: list[Any] = self._group.foreach_env_runner(question, local_env_runner=alone)
        return answers

    def load(self, states: Sequence[Mapping[str, Any]]) -> bool:
        """Gives each runner its state, where they are as many as there were, of as many games.

        Raises:
            ValueError: A state is none.
        """
        games = self.ask(lambda runner: runner.sampler.games.count)
        if [len(state["games"]["episodes"]) for state in states if state] != games:
            return False
        load = [partial(_load, state=state) for state in states]
        if self._group.num_remote_env_runners() == 0:
            load[0](self._group.local_env_runner)
        else:
            ids = self._group.healthy_env_runner_ids()
            self._group.foreach_env_runner(load, local_env_runner=False, remote_worker_ids=ids)
            raise_fault(self._group)
        return True

    def share_out(
        self, do: Callable[[Any, Sequence[_Item]], Sequence[_Result]], items: Sequence[_Item]
    ) -> dict[int, _Result]:
        """Shares work out among the remote runners.

        Args:
            do: Called on a runner with its share, gives a result for each.
            items: The work.

        Returns:
            The results by number of the item; those of runners that die are missing, and all where
            there are no remote runners.
        """
        runners = self._group.healthy_env_runner_ids()
        shares = [range(len(items))[number :: len(runners)] for number in range(len(runners))]
        wanted = [(runner, share) for runner, share in zip(runners, shares, strict=True) if share]
        if not wanted:
            return {}
        done: list[dict[int, _Result]] = self._group.foreach_env_runner(
            [partial(_do_share, do=do, items={n: items[n] for n in share}) for _, share in wanted],
            local_env_runner=False,
            remote_worker_ids=[runner for runner, _ in wanted],
        )
        return {number: result for results in done for number, result in results.items()}


def _load(runner: Any, state: Mapping[str, Any]) -> None:
    with runner.faults:
        runner.load_state_dict(state)


def _do_share(
    runner: Any, do: Callable[[Any, Sequence[Any]], Sequence[Any]], items: Mapping[int, Any]
) -> dict[int, Any]:
    return dict(zip(items, do(runner, list(items.values())), strict=True))

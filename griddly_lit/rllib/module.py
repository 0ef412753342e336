"""Our models as RLlib modules."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from ray.rllib.algorithms.dqn.default_dqn_rl_module import (
    QF_NEXT_PREDS,
    QF_PREDS,
    QF_TARGET_NEXT_PREDS,
)
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import (
    TorchCategorical,
    TorchMultiCategorical,
)
from ray.rllib.core.learner.utils import make_target_network
from ray.rllib.core.rl_module.apis import InferenceOnlyAPI, QNetAPI, TargetNetworkAPI
from ray.rllib.core.rl_module.apis.target_network_api import TARGET_NETWORK_ACTION_DIST_INPUTS
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch.torch_rl_module import TorchRLModule
from ray.rllib.utils.schedules.scheduler import Scheduler
from torch import Tensor, nn

from griddly_lit.errors import AlgorithmError
from griddly_lit.models import (
    GAP,
    ActionHead,
    Answers,
    ImpalaCNN,
    ModelSpec,
    SimpleConv,
    StateLayout,
    may_be_asked_once,
    unroll,
)
from griddly_lit.rllib.columns import ANSWERS, MEMORY, VALID_ACTIONS
from griddly_lit.rllib.tree_distribution import TreeDistribution

Batch = dict[str, Any]

# Known to keep all of their state in parameters.
_OUR_MODELS = (SimpleConv, GAP, ImpalaCNN)


class GriddlyModule(TorchRLModule, TargetNetworkAPI, InferenceOnlyAPI):  # type: ignore[misc]
    """A model of ours behind RLlib's interface; the base of what the algorithms need of it.

    ``model_config`` holds ``model`` (a :class:`ModelSpec`), ``head`` (an :class:`ActionHead`) and
    ``bfloat16``: whether the network computes under autocast, in acting and in learning alike.
    Weights and what comes out of the network are float32 either way. With a memory it is stateful as
    RLlib has it: batches are sequences (B, T, …), ``model_config`` also holds their greatest length
    ``max_seq_len``, and a state is one row of numbers.

    RLlib chooses the network's mode: evaluation mode where runners act (``forward_exploration`` and
    ``forward_inference``), training mode in updates (``forward_train``). What the learner asks for
    beside its updates, values for the advantages and what target networks say, comes in the mode
    that it finds: training mode from the first update on.
    """

    network: nn.Module

    def setup(self) -> None:
        """Builds the network; RLlib calls this."""
        model: ModelSpec = self.model_config["model"]
        self.head: ActionHead = self.model_config["head"]
        # Acting modules get their weights from the learner before the first step; drawing
        # orthogonal ones only to drop them takes seconds on large grids.
        skip_init = self.inference_only and type(model) in _OUR_MODELS
        with torch.device("meta") if skip_init else nullcontext():
            self.network = model.build(self.observation_space.shape, self.head.num_logits)
        if skip_init:
            self.network.to_empty(device="cpu")
            for tensor in self.network.state_dict().values():
                tensor.zero_()
        self._layout = StateLayout.of(self.network)
        self._once_each = may_be_asked_once(model, self.network, self.observation_space.shape)
        self.action_dist_cls = _distribution_class(self.head)

    def _outputs(
        self, network: nn.Module, observations: Tensor, answers: Answers | None = None
    ) -> tuple[Tensor, Tensor]:
        """Returns a network's logits and values for observations (B, H, W, C)."""
        device, bfloat16 = observations.device.type, self.model_config["bfloat16"]
        with torch.autocast(device, torch.bfloat16) if bfloat16 else nullcontext():
            if self._once_each:
                logits, values = (answers or Answers()).of(network, observations)
            else:
                logits, values = network(observations)
        return (logits.float(), values.float()) if bfloat16 else (logits, values)

    @property
    def memory_size(self) -> int:
        """Numbers of a state, S; 0 without a memory."""
        return 0 if self._layout is None else self._layout.size

    def get_initial_state(self) -> dict[str, Tensor]:
        """Returns the state (S,) that an episode begins with; empty without a memory."""
        return {} if self._layout is None else {MEMORY: self._layout.initial(self.network)}

    def _answer(
        self, network: nn.Module, batch: Batch, answers: Answers | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Returns a network's logits and values for a batch, and the states after it."""
        observations = batch[Columns.OBS]
        if self._layout is None:
            return (*self._outputs(network, observations, answers), None)
        device, bfloat16 = observations.device.type, self.model_config["bfloat16"]
        rows, lengths = batch[Columns.STATE_IN][MEMORY], batch.get(Columns.SEQ_LENS)
        with torch.autocast(device, torch.bfloat16) if bfloat16 else nullcontext():
            logits, values, states = unroll(
                network, self._layout, observations, rows, lengths, answers
            )
        return (logits.float(), values.float(), states) if bfloat16 else (logits, values, states)

    def make_target_networks(self) -> None:
        """Adds the copy of the network that APPO and DQN learn against."""
        self._target_network = make_target_network(self.network)

    def get_target_network_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """Returns the network and its target."""
        return [(self.network, self._target_network)]

    def get_non_inference_attributes(self) -> list[str]:
        """Returns what acting does not need."""
        return ["_target_network"]


def _distribution_class(head: ActionHead) -> Any:
    if head.valid_actions == "tree":
        return TreeDistribution.get_partial_dist_cls(head=head)
    if len(head.all_parts) == 1:
        return TorchCategorical
    return TorchMultiCategorical.get_partial_dist_cls(input_lens=list(head.all_parts))


class ActorCriticModule(GriddlyModule, ValueFunctionAPI):  # type: ignore[misc]
    """For PPO, APPO and IMPALA: the model's logits are the policy, its values the critic.

    Acting gives plain logits; the env runner draws among valid actions by itself. The learner finds
    them in the batch, and the distributions it makes know of them.
    """

    def _forward(self, batch: Batch, **_: Any) -> Batch:
        logits, values, states = self._answer(self.network, batch, batch.get(ANSWERS))
        outputs: Batch = {Columns.ACTION_DIST_INPUTS: logits, Columns.VF_PREDS: values}
        return outputs if states is None else {**outputs, Columns.STATE_OUT: {MEMORY: states}}

    def _forward_train(self, batch: Batch, **_: Any) -> Batch:
        logits, values = self._answer(self.network, batch)[:2]
        if Columns.ACTION_DIST_INPUTS in batch:
            # What the behaviour policy drew from, for the divergence from it.
            batch[Columns.ACTION_DIST_INPUTS] = self._among_valid(
                batch[Columns.ACTION_DIST_INPUTS][..., : self.head.num_logits], batch
            )
        logits = self._among_valid(logits, batch)
        # One pass gives both. RLlib hands what is filed under EMBEDDINGS to compute_values.
        return {Columns.ACTION_DIST_INPUTS: logits, Columns.EMBEDDINGS: values}

    def compute_values(self, batch: Batch, embeddings: Tensor | None = None) -> Tensor:
        """Returns values (B,) or (B, T), those that :meth:`_forward_train` found if they are handed in."""
        if embeddings is not None:
            return embeddings
        # Asked for by the advantage estimation alone, which takes no gradients.
        with torch.no_grad():
            if Columns.VF_PREDS not in batch or self._layout is not None:
                return self._answer(self.network, batch)[1]
            # Found while acting; only the observations after the last steps are new.
            values: Tensor = batch[Columns.VF_PREDS].clone()
            new = ~batch[Columns.LOSS_MASK]
            values[new] = self._outputs(self.network, batch[Columns.OBS][new])[1]
        return values

    def forward_target(self, batch: Batch) -> Batch:
        """Returns the target network's logits."""
        logits = self._answer(self._target_network, batch)[0]
        return {TARGET_NETWORK_ACTION_DIST_INPUTS: self._among_valid(logits, batch)}

    def _among_valid(self, logits: Tensor, batch: Batch) -> Tensor:
        """Returns the inputs of the action distribution."""
        if self.head.valid_actions == "off":
            return logits
        packed = batch[VALID_ACTIONS]
        if self._layout is not None:
            packed = _with_an_action(packed)
        if self.head.valid_actions == "mask":
            rows = self.head.masked(logits.flatten(0, -2), packed.flatten(0, -2))
            return rows.view_as(logits)
        return torch.cat([logits, packed.to(logits.dtype)], -1)


def _with_an_action(packed: Tensor) -> Tensor:
    """Returns valid actions with one where there is none, as in the padding of sequences."""
    first = torch.zeros_like(packed)
    first[..., 0] = 1
    return torch.where((packed != 0).any(-1, keepdim=True), packed, first)


class QModule(GriddlyModule, QNetAPI):  # type: ignore[misc]
    """For DQN: the model's logits are the values of the actions.

    ``model_config`` also holds ``epsilon``, the schedule of random actions.
    """

    def setup(self) -> None:
        """Builds the network; RLlib calls this."""
        super().setup()
        if self._layout is not None:
            raise no_memory_for_dqn(self.model_config["model"])
        self._epsilon = Scheduler(
            fixed_value_or_schedule=self.model_config["epsilon"], framework=self.framework
        )

    def compute_q_values(self, batch: Batch) -> Batch:
        """Returns the values of all actions (B, actions)."""
        return {QF_PREDS: self._outputs(self.network, batch[Columns.OBS], batch.get(ANSWERS))[0]}

    def forward_target(self, batch: Batch) -> Batch:
        """Returns the target network's values of all actions."""
        return {QF_PREDS: self._outputs(self._target_network, batch[Columns.OBS])[0]}

    def exploration_logits(self, q_values: Tensor, timestep: int) -> Tensor:
        """Returns logits (B, actions) of the epsilon-greedy policy at a time step."""
        self._epsilon.update(timestep)
        epsilon = float(self._epsilon.get_current_value())
        actions = q_values.shape[-1]
        probabilities = torch.full_like(q_values, epsilon / actions)
        best = q_values.argmax(-1, keepdim=True)
        probabilities.scatter_(-1, best, 1.0 - epsilon + epsilon / actions)
        return probabilities.clamp_min(1e-12).log()

    def _forward(self, batch: Batch, **_: Any) -> Batch:
        return {Columns.ACTION_DIST_INPUTS: self.compute_q_values(batch)[QF_PREDS]}

    def _forward_exploration(self, batch: Batch, t: int = 0, **_: Any) -> Batch:
        q_values = self.compute_q_values(batch)[QF_PREDS]
        return {Columns.ACTION_DIST_INPUTS: self.exploration_logits(q_values, t)}

    def _forward_train(self, batch: Batch, **_: Any) -> Batch:
        both = torch.cat([batch[Columns.OBS], batch[Columns.NEXT_OBS]])
        now, following = self.compute_q_values({Columns.OBS: both})[QF_PREDS].chunk(2)
        target = self.forward_target({Columns.OBS: batch[Columns.NEXT_OBS]})[QF_PREDS]
        return {QF_PREDS: now, QF_NEXT_PREDS: following, QF_TARGET_NEXT_PREDS: target}


def no_memory_for_dqn(model: ModelSpec) -> AlgorithmError:
    """Returns the error of a model that DQN cannot train."""
    return AlgorithmError(
        f"algorithm='DQN', model={model!r}",
        "DQN learns from single steps of old episodes, and knows nothing of a memory's state there",
        "Use PPO, APPO or IMPALA, or a model without memory",
    )

"""RLlib's learners, rid of work that an update does not need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from ray.rllib.algorithms.appo.torch.appo_torch_learner import APPOTorchLearner
from ray.rllib.algorithms.dqn.torch.dqn_torch_learner import DQNTorchLearner
from ray.rllib.algorithms.impala.torch.impala_torch_learner import IMPALATorchLearner
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core.columns import Columns
from ray.rllib.core.learner.torch.torch_learner import TorchLearner
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from griddly_lit.rllib.bootstrap_steps import DropBootstrapSteps
from griddly_lit.rllib.divergence import BAD_GRADIENTS, BAD_WEIGHTS

KL = "approximate_kl"
CLIP_FRACTION = "clip_fraction"


class LeanUpdates(TorchLearner):  # type: ignore[misc]
    """Takes the steps that RLlib's torch learner takes, and goes through less memory for them.

    Adam is fused, and one norm of all gradients tells whether they are finite, where RLlib looks at
    each number twice. Gradients that are not finite are left to RLlib, which makes zeros of them, and
    told among the metrics, as are weights that are not finite after an update.
    """

    def configure_optimizers_for_module(self, module_id: str, config: Any = None) -> None:
        """Registers a module's optimizer; RLlib calls this."""
        parameters = self.get_parameters(self.module[module_id])
        self.register_optimizer(
            module_id=module_id,
            optimizer=torch.optim.Adam(parameters, fused=True),
            params=parameters,
            lr_or_lr_schedule=config.lr,
        )

    def apply_gradients(self, gradients_dict: dict[nn.Parameter, Tensor | None]) -> None:
        """Takes the optimizers' steps; RLlib calls this.

        Args:
            gradients_dict: The gradient of each parameter, clipped.
        """
        gradients = [gradient for gradient in gradients_dict.values() if gradient is not None]
        scaled_or_scheduled = (
            self.config._torch_grad_scaler_class or self.config._torch_lr_scheduler_classes
        )
        finite = bool(get_total_norm(gradients).isfinite())
        if not finite and not scaled_or_scheduled:
            # A scaler tries factors, some of which are too large.
            self._tell_unless_finite(BAD_GRADIENTS, gradients_dict)
        if scaled_or_scheduled or not finite:
            super().apply_gradients(gradients_dict)
            return
        for parameter, gradient in gradients_dict.items():
            parameter.grad = gradient
        for module_id in self.module.keys():  # noqa: SIM118, a MultiRLModule iterates otherwise
            for _, optimizer in self.get_optimizers_for_module(module_id):
                optimizer.step()

    def after_gradient_based_update(self, *, timesteps: dict[str, Any]) -> None:
        """Ends an update; RLlib calls this."""
        super().after_gradient_based_update(timesteps=timesteps)
        self._tell_unless_finite(BAD_WEIGHTS, {each: each for each in self._params.values()})

    def _tell_unless_finite(self, name: str, values: Mapping[nn.Parameter, Tensor | None]) -> None:
        for module_id in self.module.keys():  # noqa: SIM118, a MultiRLModule iterates otherwise
            found = (values.get(each) for each in self.get_parameters(self.module[module_id]))
            of_module = [value.detach() for value in found if value is not None]
            if of_module and not get_total_norm(of_module).isfinite():
                self.metrics.log_value((module_id, name), 1, reduce="sum")


class PolicyChange(LeanUpdates):
    """Also logs how far the policy has moved from the one that acted.

    The divergence KL(acted || now) is estimated from the actions taken as the mean of
    ``(r - 1) - log r`` with ``r`` their ratio of probabilities, now to then: never negative, and of
    low variance (Schulman, "Approximating KL divergence", 2020,
    http://joschu.net/blog/kl-approx.html). Like RLlib's numbers beside it, it is that of the last
    minibatch.
    """

    def compute_loss_for_module(
        self, *, module_id: str, config: Any, batch: dict[str, Any], fwd_out: dict[str, Any]
    ) -> Tensor:
        """Returns the algorithm's loss; RLlib calls this."""
        loss: Tensor = super().compute_loss_for_module(
            module_id=module_id, config=config, batch=batch, fwd_out=fwd_out
        )
        module = self.module[module_id].unwrapped()
        with torch.no_grad():
            now = module.get_train_action_dist_cls().from_logits(
                fwd_out[Columns.ACTION_DIST_INPUTS]
            )
            log_ratio = now.logp(batch[Columns.ACTIONS]) - batch[Columns.ACTION_LOGP]
            if Columns.LOSS_MASK in batch:
                log_ratio = log_ratio[batch[Columns.LOSS_MASK]]
            change = self.policy_change(config, log_ratio)
        self.metrics.log_dict(change, key=module_id, window=1)
        return loss

    def policy_change(self, config: Any, log_ratio: Tensor) -> dict[str, Tensor]:
        """Returns numbers of the change.

        Args:
            config: The module's.
            log_ratio: (B,), of the probabilities of the actions taken, now to then.
        """
        return {KL: (log_ratio.expm1() - log_ratio).mean()}


class PPOUpdates(PolicyChange):
    """Of PPO and its like; minibatches hold played steps only.

    Its loss looks at each step by itself, so that of sequences it gets the steps that were played,
    in one row without their padding.
    """

    def compute_loss_for_module(
        self, *, module_id: str, config: Any, batch: dict[str, Any], fwd_out: dict[str, Any]
    ) -> Tensor:
        """Returns the algorithm's loss; RLlib calls this."""
        if Columns.SEQ_LENS in batch:
            played = batch[Columns.LOSS_MASK]
            batch, fwd_out = (
                {
                    name: column[played]
                    for name, column in columns.items()
                    if isinstance(column, Tensor) and column.shape[:2] == played.shape
                }
                for columns in (batch, fwd_out)
            )
            del batch[Columns.LOSS_MASK]
        return super().compute_loss_for_module(
            module_id=module_id, config=config, batch=batch, fwd_out=fwd_out
        )

    def policy_change(self, config: Any, log_ratio: Tensor) -> dict[str, Tensor]:
        """Also returns the share of steps whose ratio the loss clips."""
        clipped = log_ratio.expm1().abs() > config.clip_param
        return {**super().policy_change(config, log_ratio), CLIP_FRACTION: clipped.float().mean()}

    def build(self) -> None:
        """Completes the pipeline from episodes to batch; RLlib calls this."""
        super().build()
        # Without minibatches RLlib takes the number of steps from before they are dropped, and would
        # fill up with others a second time.
        if self.config.minibatch_size and self.config.add_default_connectors_to_learner_pipeline:
            self._learner_connector.append(DropBootstrapSteps())


class PPOLearner(PPOUpdates, PPOTorchLearner):  # type: ignore[misc]
    """PPO's."""


class APPOLearner(PolicyChange, APPOTorchLearner):  # type: ignore[misc]
    """APPO's."""


class IMPALALearner(PolicyChange, IMPALATorchLearner):  # type: ignore[misc]
    """IMPALA's."""


class DQNLearner(LeanUpdates, DQNTorchLearner):  # type: ignore[misc]
    """DQN's."""

"""A user's script on a cluster: prints where its runners are, at each iteration."""

import json
import sys
from pathlib import Path

import ray
from ray.rllib.algorithms.ppo import PPOConfig

from griddly_lit import Callback, GriddlyEnvSpec, GriddlyTrainer


class Where(Callback):
    def on_iteration_end(self, trainer):
        group = trainer._fit.run.algorithm.env_runner_group
        nodes = group.foreach_env_runner(
            lambda runner: ray.get_runtime_context().get_node_id(), local_env_runner=False
        )
        print(json.dumps({"iteration": trainer.iterations, "nodes": nodes}), flush=True)


address, game, folder, iterations = sys.argv[1:]
config = PPOConfig().env_runners(custom_resources_per_env_runner={"games": 1})
config.training(train_batch_size_per_learner=256, minibatch_size=64, num_epochs=1)
spec = GriddlyEnvSpec(yaml_file=game, max_steps=20)
# As on another machine, where the file never was.
Path(game).unlink()
trainer = GriddlyTrainer(
    spec,
    "SimpleConv",
    algorithm=config,
    ray_address=address,
    num_env_runners=2,
    num_envs_per_env_runner=4,
    max_iterations=int(iterations),
    validate_every_env_steps=2048,
    validation_episodes=4,
    default_root_dir=folder,
    callbacks=Where(),
    seed=1,
    enable_progress_bar=False,
    enable_model_summary=False,
)
result = trainer.fit()
print(json.dumps({"stop": result.stop_reason, "env_steps": result.env_steps}), flush=True)

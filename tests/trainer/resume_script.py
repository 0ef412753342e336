"""One run in a process of its own: what it trains, as digests of all that a resume must repeat."""

import hashlib
import json
import sys

import numpy as np
import torch

from games import CORRIDOR
from griddly_lit import (
    GRU,
    LSTM,
    Callback,
    GeneratedLevels,
    GriddlyEnvSpec,
    GriddlyTrainer,
    ImpalaCNN,
    SelfPlay,
    VideoRecording,
)

torch.set_num_threads(1)

SMALL = {"train_batch_size_per_learner": 512, "minibatch_size": 128, "num_epochs": 2}


class Corridors:
    """Levels of the corridor game."""

    def __init__(self, config):
        pass

    def generate(self, rng):
        """Returns a corridor with the agent anywhere in it."""
        row = ["."] * 8
        row[rng.integers(8)] = "A"
        wall = "W" * 11
        return f"{wall}\nW{''.join(row)}GW\n{wall}"


def options(case):
    """Returns the environment, the model and the trainer's arguments of a case."""
    game = "Single-Player/GVGAI/butterflies.yaml"
    spec = {"levels": "random", "max_steps": 30}
    trainer = {"training": SMALL}
    model = ImpalaCNN()
    if case == "independent":
        game = "tests/games/leavers.yaml"
        trainer["policies"] = "independent"
        spec["player_done_variable"] = "left"
    elif case == "self_play":
        game = "tests/games/outpost.yaml"
        model = ImpalaCNN(memory=GRU(16, max_seq_len=5))
        trainer |= {"policies": SelfPlay(snapshot_every=512), "valid_actions": "tree"}
    elif case == "generated":
        spec["levels"] = GeneratedLevels(Corridors)
        spec["yaml_string"] = CORRIDOR
    elif case == "validated":
        # Episodes of 30 steps go over fragments of 64, and sequences are shorter than either.
        model = ImpalaCNN(memory=LSTM(16, max_seq_len=10))
        spec["test_levels"] = [4]
        trainer |= {"validate_every_env_steps": 1024, "validation_episodes": 2}
    elif case == "schedules":
        trainer["training"] = {**SMALL, "use_kl_loss": True, "entropy_coeff": [[0, 0.1], [4096, 0]]}
        trainer["training"]["lr"] = [[0, 1e-3], [4096, 1e-5]]
    elif case == "two_runners":
        trainer["num_env_runners"] = 2
    elif case == "DQN":
        trainer |= {"algorithm": small_dqn(), "training": {}}
    if "yaml_string" not in spec:
        spec["yaml_file"] = game
    return GriddlyEnvSpec(**spec), model, trainer


def small_dqn():
    """Returns DQN with an iteration of few steps and few updates."""
    from ray.rllib.algorithms.dqn import DQNConfig

    return (
        DQNConfig()
        .training(
            dueling=False,
            num_atoms=1,
            train_batch_size_per_learner=32,
            num_steps_sampled_before_learning_starts=128,
            target_network_update_freq=300,
            training_intensity=1.0,
            n_step=3,
        )
        .reporting(min_sample_timesteps_per_iteration=256)
    )


def digest(tensors):
    """Returns a digest of named arrays."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        sha.update(name.encode())
        sha.update(np.ascontiguousarray(tensors[name]).tobytes())
    return sha.hexdigest()


def flat(state, prefix=""):
    """Returns the arrays of nested dictionaries by their path."""
    found = {}
    for name, value in state.items():
        path = f"{prefix}/{name}"
        if isinstance(value, dict):
            found |= flat(value, path)
        elif isinstance(value, (np.ndarray, torch.Tensor)):
            found[path] = np.asarray(value)
    return found


class Keep(Callback):
    """Notes every iteration."""

    def __init__(self):
        self.rows = []

    def on_iteration_end(self, trainer):
        learner = trainer._fit.run.algorithm.learner_group.get_state()["learner"]
        games = trainer._fit.run.state_dict()["runners"]
        self.rows.append(
            {
                "env_steps": trainer.env_steps,
                "metrics": {k: v for k, v in trainer.metrics.items() if not k.startswith("time/")},
                "weights": digest(flat(learner["rl_module"])),
                "optimizer": digest(flat(learner["optimizer"])),
                "memory": [
                    digest({"": seats["memory"]})
                    for runner in games
                    for seats in runner["seats"]
                    if "memory" in seats
                ],
                "games": [
                    [episode["level"], episode["seed"], len(episode["actions"])]
                    for runner in games
                    for episode in runner["games"]["episodes"]
                ],
            }
        )


def main(case, folder, iterations, ckpt_path=None):
    """Trains, and prints what it noted."""
    spec, model, arguments = options(case)
    keep = Keep()
    trainer = GriddlyTrainer(
        spec,
        model,
        **arguments,
        seed=3,
        max_iterations=int(iterations),
        num_envs_per_env_runner=8,
        logger=False,
        callbacks=keep,
        video=VideoRecording(every_env_steps=1500, directory=f"{folder}/videos"),
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(ckpt_path=ckpt_path)
    print(json.dumps(keep.rows))


if __name__ == "__main__":
    main(*sys.argv[1:])

import os

import pytest

# Before torch is imported anywhere: test machines have few cores, and share them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# W&B reads it once a process, whichever test comes first.
os.environ["WANDB_MODE"] = "offline"

CLUSTERS = "Single-Player/GVGAI/clusters_partially_observable.yaml"
SOKOBAN = "Single-Player/GVGAI/sokoban.yaml"
ZELDA = "Single-Player/GVGAI/zelda.yaml"
SPIDER_NEST = "Single-Player/GVGAI/spider-nest.yaml"


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def ray_once():
    """One Ray for all trainers of the session; without it each would start its own."""
    from griddly_lit.rllib.session import ray_session

    with ray_session(processes=4):
        yield

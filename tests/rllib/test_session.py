"""Joining a Ray that runs, and what a run asks of it."""

import pytest
from ray.rllib.algorithms.ppo import PPOConfig

from conftest import SOKOBAN
from griddly_lit import GriddlyEnvSpec, GriddlyTrainer
from griddly_lit.errors import OptionError
from griddly_lit.rllib.resources import wanted_resources
from griddly_lit.rllib.session import cluster_address, ray_session


@pytest.fixture(scope="module")
def spec():
    return GriddlyEnvSpec(yaml_file=SOKOBAN, max_steps=10)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense", "ray://127.0.0.1:9", "host:port"])
def test_an_address_where_no_ray_is_ends_the_fit_in_seconds(address, spec, tmp_path, monkeypatch):
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    trainer = GriddlyTrainer(
        spec, "GAP", ray_address=address, default_root_dir=tmp_path, enable_model_summary=False
    )
    with pytest.raises(OptionError, match=r"ray_address=.*ray start --head.*'local'"):
        trainer.fit()


def test_the_environment_variable_names_the_cluster(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    assert cluster_address(None) == "127.0.0.1:9"
    assert cluster_address("10.0.0.1:6379") == "10.0.0.1:6379"
    assert cluster_address("local") is None


@pytest.mark.usefixtures("ray_once")
def test_a_ray_that_this_process_is_connected_to_is_used_or_refused():
    import ray

    connected = ray.get_runtime_context().gcs_address
    for address in (None, "auto", connected):
        with ray_session(1, address):
            assert ray.is_initialized()
    assert ray.is_initialized()
    with (
        pytest.raises(OptionError, match=r"connected to the Ray at .* ray\.shutdown"),
        ray_session(1, "10.0.0.1:6379"),
    ):
        pass


@pytest.mark.parametrize("address", ["", 6379])
def test_an_address_is_a_text(address, spec):
    with pytest.raises(OptionError, match=r"ray_address=.*host:port"):
        GriddlyTrainer(spec, "GAP", ray_address=address)


def test_the_resources_of_all_processes_are_added_up(spec, tmp_path):
    users = PPOConfig().env_runners(
        num_cpus_per_env_runner=2, custom_resources_per_env_runner={"games": 0.5}
    )
    trainer = GriddlyTrainer(
        spec, "GAP", algorithm=users, num_env_runners=3, num_learners=2, default_root_dir=tmp_path
    )
    assert wanted_resources(trainer.to_rllib()) == {"CPU": 8, "games": 1.5}


def test_gpus_of_a_cluster_need_not_be_in_this_machine(spec, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(OptionError, match="torch sees no GPU"):
        GriddlyTrainer(spec, "GAP", accelerator="gpu", num_learners=1)
    trainer = GriddlyTrainer(
        spec, "GAP", accelerator="gpu", num_learners=1, ray_address="10.0.0.1:6379"
    )
    assert wanted_resources(trainer.to_rllib()) == {"GPU": 1}


def test_a_folder_on_remote_storage_is_refused(spec):
    with pytest.raises(OptionError, match=r"s3://bucket/runs.*mounted"):
        GriddlyTrainer(spec, "GAP", default_root_dir="s3://bucket/runs")

"""Checkpoints of a stranger: written as ours are, then altered, with a manifest that fits."""

import json
import shutil

from griddly_lit.checked_files import files_below, fingerprint_of
from griddly_lit.checkpoints import write_checkpoint

STATE = {
    "algorithm": "PPO",
    "training_iteration": 1,
    "num_env_steps_sampled_lifetime": 1,
    "weights_seq_no": 1,
    "metrics_logger": {},
    "learner": {},
}


def write_untrained(trainer, path):
    """Writes a checkpoint of a trainer that was never fitted."""

    def save_rllib(folder):
        (folder / "state.json").write_text(json.dumps(STATE))
        shutil.copy(folder.parent / "weights.safetensors", folder / "state.safetensors")

    write_checkpoint(
        path,
        env=trainer.env,
        policies=trainer.resolved_policies,
        settings=trainer.settings(),
        weights={name: net.state_dict() for name, net in trainer._actor.networks.items()},
        state={},
        league=None,
        save_rllib=save_rllib,
        env_steps=1,
        iterations=1,
        metrics={},
    )
    return path


def forge(checkpoint, path, changes):
    """Copies a checkpoint and alters it.

    Args:
        checkpoint: The genuine one.
        path: The forged one.
        changes: By a file's name: its new bytes or text, None to remove it, or a function from its
            JSON value to another. ``manifest.json`` is changed after all others were listed.
    """
    shutil.copytree(checkpoint, path)
    changes = dict(changes)
    of_manifest = changes.pop("manifest.json", None)
    for name, change in changes.items():
        _write(path / name, change)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"] = {
        str(file.relative_to(path)): fingerprint_of(file)
        for file in files_below(path)
        if file.name != "manifest.json"
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    if of_manifest is not None:
        _write(path / "manifest.json", of_manifest)
    return path


def _write(file, change):
    file.parent.mkdir(exist_ok=True)
    if change is None:
        file.unlink()
    elif isinstance(change, bytes):
        file.write_bytes(change)
    elif isinstance(change, str):
        file.write_text(change)
    else:
        file.write_text(json.dumps(change(json.loads(file.read_text()))))

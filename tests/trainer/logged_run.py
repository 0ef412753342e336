"""One run with four loggers in a process of its own; it may be killed in the middle."""

import os
import signal
import sys
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, MLFlowLogger, TensorBoardLogger, WandbLogger

from griddly_lit import Callback, ModelCheckpoint, VideoRecording
from trainer.small import spec, trainer


class Kill(Callback):
    """Kills the process, with no chance to write anything, after an iteration."""

    def __init__(self, iterations):
        self.iterations = iterations

    def on_iteration_end(self, trainer):
        if trainer.iterations == self.iterations:
            os.kill(os.getpid(), signal.SIGKILL)


def loggers(root):
    return [
        CSVLogger(root, name="csv"),
        TensorBoardLogger(root, name="tb"),
        MLFlowLogger("griddly", tracking_uri=(root / "mlruns").as_uri()),
        WandbLogger(project="griddly", save_dir=root, offline=True),
    ]


def main(root, iterations, kill_after=0, ckpt_path=None):
    """Trains; the only checkpoint before the end is that after three iterations."""
    root = Path(root)
    mine = trainer(
        root,
        spec(test_levels=[4]),
        logger=loggers(root),
        callbacks=[
            ModelCheckpoint("train/length_mean", every_env_steps=3 * 128),
            Kill(int(kill_after)),
        ],
        track_actions=True,
        video=VideoRecording(every_env_steps=200, best=True),
        validate_every_env_steps=256,
        validation_episodes=1,
        max_iterations=int(iterations),
    )
    mine.fit(ckpt_path=ckpt_path)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A disk that is full."""

import contextlib
import logging
import resource
import subprocess

import pytest
from lightning.pytorch.loggers import CSVLogger
from safetensors import SafetensorError

from griddly_lit import VideoRecording
from griddly_lit.callbacks import Callback, ModelCheckpoint
from griddly_lit.checkpoints import open_checkpoint
from griddly_lit.errors import CheckpointError
from griddly_lit.whole_directory import whole_directory
from trainer.small import STEPS, trainer

pytestmark = pytest.mark.usefixtures("ray_once")


@contextlib.contextmanager
def files_up_to(size):
    """No file of this process can be longer meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class LittleRoom(Callback):
    """Has no room for the files of a checkpoint after some iterations."""

    def __init__(self, stack, iteration):
        self.stack = stack
        self.iteration = iteration

    def on_iteration_end(self, trainer):
        if trainer.iterations == self.iteration:
            (last,) = trainer.checkpoint_dir.glob("last/weights.safetensors")
            self.stack.enter_context(files_up_to(last.stat().st_size // 2))


def test_a_checkpoint_without_room_is_a_named_error_and_the_one_before_is_whole(tmp_path):
    with contextlib.ExitStack() as stack:
        callbacks = [LittleRoom(stack, 2), ModelCheckpoint(every_env_steps=STEPS)]
        mine = trainer(tmp_path, logger=False, callbacks=callbacks, max_iterations=5)
        with pytest.raises(CheckpointError) as caught:
            mine.fit()
    last = tmp_path / "checkpoints" / "last"
    text = str(caught.value)
    assert text.startswith(f"checkpoint={str(last)!r}: it cannot be written: ")
    assert "File too large" in text
    assert f"MiB free in {last.parent}; what was there before is whole. Make room" in text
    assert isinstance(caught.value.__cause__, (SafetensorError, OSError))
    assert open_checkpoint(last).env_steps == STEPS
    assert [path.name for path in last.parent.iterdir()] == ["last"]
    # There is room again.
    callbacks[0].iteration = 0
    assert mine.fit(ckpt_path=last).env_steps == 5 * STEPS


def test_any_file_of_a_directory_that_cannot_be_written(tmp_path):
    def write():
        with whole_directory(tmp_path / "new") as draft:
            (draft / "small").write_text("a" * 100)
            (draft / "large").write_text("a" * 10_000)

    message = "it cannot be written.* free in"
    with files_up_to(1000), pytest.raises(CheckpointError, match=message):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def full_disk(tmp_path):
    """A small disk; there is none where this process may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    with (folder / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"0" * 4096) == 4096:
            pass
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_logs_and_videos_without_room_are_told_once_and_training_goes_on(
    tmp_path, full_disk, caplog
):
    mine = trainer(
        tmp_path,
        logger=CSVLogger(full_disk),
        video=VideoRecording(every_env_steps=STEPS, directory=str(full_disk / "videos")),
        max_iterations=4,
        enable_checkpointing=False,
    )
    with caplog.at_level(logging.WARNING):
        result = mine.fit()
    assert result.env_steps == 4 * STEPS
    assert len([text for text in caplog.messages if "CSVLogger failed on scalars" in text]) == 1
    assert len([text for text in caplog.messages if text.startswith("Videos: ")]) == 1

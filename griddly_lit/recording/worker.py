"""The process that draws: ``python -m griddly_lit.recording.worker``.

It takes one job a line on its standard input, as JSON, and answers each with a line of JSON. It
ends with its input, so it never outlives the process that feeds it by more than one video.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

from griddly_lit.recording.encoder import write_video
from griddly_lit.recording.renderers import import_renderer
from griddly_lit.recording.replay import EpisodeReplay
from griddly_lit.recording.strip import with_strip
from griddly_lit.recording.views import draw

_LOWEST_PRIORITY = 19


def perform(job: dict[str, Any]) -> dict[str, Any]:
    """Draws one video.

    Args:
        job: ``replay``, ``view``, ``renderer``, ``renderer_path``, ``strip``, ``path``, ``fps`` and ``most_frames``.

    Returns:
        ``frames``, the number of pictures, or ``error`` and its ``kind``; always ``notes``, a list.
    """
    with warnings.catch_warnings(record=True) as caught:
        try:
            replay = EpisodeReplay.from_dict(job["replay"])
            fps = job["fps"]
            if job.get("renderer_path"):
                import_renderer(job["renderer"], job["renderer_path"])
            with closing(draw(replay, job["view"], job["renderer"])) as drawn:
                pictures = with_strip(drawn, replay, job["view"], fps) if job["strip"] else drawn
                bounded = itertools.islice(pictures, job["most_frames"])
                answer: dict[str, Any] = {"frames": write_video(Path(job["path"]), bounded, fps)}
        # Whatever a game, a renderer or the encoder does, the run and the next video go on.
        except Exception as error:
            answer = {"kind": type(error).__name__, "error": str(error)}
    return {**answer, "notes": [str(warning.message) for warning in caught]}


def _main() -> None:
    os.nice(_LOWEST_PRIORITY)
    # The engine writes to file descriptor 1; the answers leave through a copy of it.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        print(json.dumps(perform(json.loads(line))), file=answers, flush=True)
    # Skips the engine's destructors, which may crash.
    os._exit(0)


if __name__ == "__main__":
    _main()

"""Replays of episodes, and the pictures and videos drawn from them."""

from griddly_lit.recording.encoder import VideoError, check_video_path, write_video
from griddly_lit.recording.recorder import FinishedVideo, VideoRecorder
from griddly_lit.recording.replay import EpisodeReplay
from griddly_lit.recording.video import RecordingSchedule, VideoRecording, render_replay
from griddly_lit.recording.views import View, checked_view, draw

__all__ = [
    "EpisodeReplay",
    "FinishedVideo",
    "RecordingSchedule",
    "VideoError",
    "VideoRecorder",
    "VideoRecording",
    "View",
    "check_video_path",
    "checked_view",
    "draw",
    "render_replay",
    "write_video",
]

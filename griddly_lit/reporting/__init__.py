"""What a run tells: metrics, videos and action counts to its loggers, and its history."""

from griddly_lit.reporting.history import History
from griddly_lit.reporting.metric_names import check_monitors, metric_names
from griddly_lit.reporting.report import Report

__all__ = ["History", "Report", "check_monitors", "metric_names"]

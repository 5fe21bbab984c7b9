"""Words → Intent."""

from pixxelbot.planner.planner import Planner, build_planner

__all__ = ["Planner", "build_planner"]

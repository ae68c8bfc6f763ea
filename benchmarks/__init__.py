"""Timed comparisons and measurements; docs/performance.md names the command of each."""

from evaluation import say_what_is_missing

say_what_is_missing()

"""Timed comparisons and measurements; the README names the command of each."""

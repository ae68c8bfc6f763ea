"""Scores of your own captions: now `python -m evaluation.score`."""

from evaluation.score.__main__ import main

if __name__ == "__main__":
    main()

"""Captions as real models write them: now `python -m evaluation.bank`."""

from evaluation.bank.__main__ import main

if __name__ == "__main__":
    main()

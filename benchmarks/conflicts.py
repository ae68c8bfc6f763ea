"""Planted contradictions: now `python -m evaluation.bank.conflicts`."""

from evaluation.bank.conflicts import main

if __name__ == "__main__":
    main()

"""The tables of drawn worlds: now `python -m evaluation`."""

from evaluation.__main__ import main

if __name__ == "__main__":
    main()

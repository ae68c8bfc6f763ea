"""Where the method stops helping: now `python -m evaluation.tables.limits`."""

from evaluation.tables.limits import main

if __name__ == "__main__":
    main()

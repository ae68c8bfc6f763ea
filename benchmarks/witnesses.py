"""What witnesses bring: now `python -m evaluation.tables.witnesses`."""

from evaluation.tables.witnesses import main

if __name__ == "__main__":
    main()

"""The rows of the tables, their figures, and the tables themselves."""

"""A Scene for people: its patches drawn, its decisions in words."""

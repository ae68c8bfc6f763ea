"""How stages run: questions asked together, each picture by itself, groups side by side."""

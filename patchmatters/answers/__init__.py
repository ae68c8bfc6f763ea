"""What models send becomes text: turns, thoughts, wrappers and refusals are told from what was said of the picture."""

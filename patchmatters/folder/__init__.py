"""Captioning whole folders: pictures in, caption files out, with a state that survives any end of the process."""

"""ComfyUI nodes over the engine: `execute` converts in, calls one engine function, converts out."""

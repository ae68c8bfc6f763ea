"""A CLIP-L text encoder of the true shapes and random weights, as a safetensors file of about 250 MB."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

_ROW = 1_000_003  # a prime, so that no two rows of a matrix are alike
WIDTH, INNER, LAYERS, TOKENS, POSITIONS = 768, 3072, 12, 49408, 77


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """(name, shape) of every tensor, named as transformers names them."""
    yield "text_model.embeddings.token_embedding.weight", (TOKENS, WIDTH)
    yield "text_model.embeddings.position_embedding.weight", (POSITIONS, WIDTH)
    for layer in range(LAYERS):
        start = f"text_model.encoder.layers.{layer}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from linear(f"{start}.self_attn.{part}", WIDTH, WIDTH)
        yield from linear(f"{start}.mlp.fc1", INNER, WIDTH)
        yield from linear(f"{start}.mlp.fc2", WIDTH, INNER)
        yield from norm(f"{start}.layer_norm1")
        yield from norm(f"{start}.layer_norm2")
    yield from norm("text_model.final_layer_norm")
    yield "text_projection.weight", (WIDTH, WIDTH)


def linear(name: str, outputs: int, inputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def norm(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (WIDTH,)
    yield f"{name}.bias", (WIDTH,)


def write_random_clip(path: Path, seed: int = 0) -> None:
    """Write the text encoder as a file of its own."""
    write_random(path, shapes(), seed)


def write_random(path: Path, tensors: Iterable[tuple[str, tuple[int, ...]]], seed: int = 0) -> None:
    """Write a safetensors file: normal with a standard deviation of 0.02, norms around 1, 16 bits each.

    The values of a tensor begin anywhere in one long row of random numbers: drawing each anew takes half a minute.
    """
    import numpy

    named = list(tensors)
    header, end = {}, 0
    for name, shape in named:
        start, end = end, end + 2 * int(numpy.prod(shape))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    random = numpy.random.default_rng(seed)
    row = random.standard_normal(_ROW, dtype=numpy.float32) * 0.02
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, shape in named:
            centre = 1.0 if len(shape) == 1 and name.endswith("weight") else 0.0  # a norm
            values = numpy.roll(row + centre, int(random.integers(_ROW))).astype(numpy.float16)
            file.write(numpy.resize(values, shape).tobytes())

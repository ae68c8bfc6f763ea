"""A Stable Diffusion 1.5 checkpoint that core loads, with random weights, as a safetensors file of about 550 MB.

Text encoder and VAE have their true shapes. The UNet keeps SD 1.5's width, context and blocks, but has 2 levels of one
block each instead of 4 of two: core takes the number of levels and blocks from the file, as it does for the distilled
models of that family, and 45 million parameters run where 860 million would take gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from host.clip_weights import linear, write_random
from host.clip_weights import shapes as clip_shapes

Shape = tuple[str, tuple[int, ...]]
CONTEXT, LATENT, EMBED = 768, 4, 1280
FIRST, SECOND = 320, 640  # channels of the UNet's levels
VAE_LEVELS = (128, 256, 512, 512)


def write_random_checkpoint(path: Path, seed: int = 0) -> None:
    write_random(path, checkpoint(), seed)


def checkpoint() -> Iterator[Shape]:
    for name, shape in clip_shapes():
        yield f"cond_stage_model.transformer.{name}", shape
    for name, shape in unet():
        yield f"model.diffusion_model.{name}", shape
    for name, shape in vae():
        yield f"first_stage_model.{name}", shape


def unet() -> Iterator[Shape]:
    yield from linear("time_embed.0", EMBED, FIRST)
    yield from linear("time_embed.2", EMBED, EMBED)
    yield from conv("input_blocks.0.0", FIRST, LATENT, 3)
    yield from block("input_blocks.1", FIRST, FIRST)
    yield from conv("input_blocks.2.0.op", FIRST, FIRST, 3)
    yield from block("input_blocks.3", FIRST, SECOND)
    yield from residual("middle_block.0", SECOND, SECOND)
    yield from transformer("middle_block.1", SECOND)
    yield from residual("middle_block.2", SECOND, SECOND)
    yield from block("output_blocks.0", SECOND + SECOND, SECOND)
    yield from block("output_blocks.1", SECOND + FIRST, SECOND)
    yield from conv("output_blocks.1.2.conv", SECOND, SECOND, 3)
    yield from block("output_blocks.2", SECOND + FIRST, FIRST)
    yield from block("output_blocks.3", FIRST + FIRST, FIRST)
    yield from norm("out.0", FIRST)
    yield from conv("out.2", LATENT, FIRST, 3)


def block(name: str, inputs: int, outputs: int) -> Iterator[Shape]:
    yield from residual(f"{name}.0", inputs, outputs)
    yield from transformer(f"{name}.1", outputs)


def residual(name: str, inputs: int, outputs: int) -> Iterator[Shape]:
    yield from norm(f"{name}.in_layers.0", inputs)
    yield from conv(f"{name}.in_layers.2", outputs, inputs, 3)
    yield from linear(f"{name}.emb_layers.1", outputs, EMBED)
    yield from norm(f"{name}.out_layers.0", outputs)
    yield from conv(f"{name}.out_layers.3", outputs, outputs, 3)
    if inputs != outputs:
        yield from conv(f"{name}.skip_connection", outputs, inputs, 1)


def transformer(name: str, width: int) -> Iterator[Shape]:
    inner = f"{name}.transformer_blocks.0"
    yield from norm(f"{name}.norm", width)
    yield from conv(f"{name}.proj_in", width, width, 1)
    for attention, context in (("attn1", width), ("attn2", CONTEXT)):
        yield f"{inner}.{attention}.to_q.weight", (width, width)
        yield f"{inner}.{attention}.to_k.weight", (width, context)
        yield f"{inner}.{attention}.to_v.weight", (width, context)
        yield from linear(f"{inner}.{attention}.to_out.0", width, width)
    yield from linear(f"{inner}.ff.net.0.proj", 8 * width, width)
    yield from linear(f"{inner}.ff.net.2", width, 4 * width)
    for number in (1, 2, 3):
        yield from norm(f"{inner}.norm{number}", width)
    yield from conv(f"{name}.proj_out", width, width, 1)


def vae() -> Iterator[Shape]:
    yield from encoder()
    yield from conv("quant_conv", 2 * LATENT, 2 * LATENT, 1)
    yield from decoder()
    yield from conv("post_quant_conv", LATENT, LATENT, 1)


def encoder() -> Iterator[Shape]:
    yield from conv("encoder.conv_in", VAE_LEVELS[0], 3, 3)
    inputs = VAE_LEVELS[0]
    for level, width in enumerate(VAE_LEVELS):
        for number in range(2):
            yield from vae_block(f"encoder.down.{level}.block.{number}", inputs, width)
            inputs = width
        if level < len(VAE_LEVELS) - 1:
            yield from conv(f"encoder.down.{level}.downsample.conv", width, width, 3)
    yield from vae_middle("encoder.mid", inputs)
    yield from norm("encoder.norm_out", inputs)
    yield from conv("encoder.conv_out", 2 * LATENT, inputs, 3)


def decoder() -> Iterator[Shape]:
    inputs = VAE_LEVELS[-1]
    yield from conv("decoder.conv_in", inputs, LATENT, 3)
    yield from vae_middle("decoder.mid", inputs)
    for level, width in reversed(list(enumerate(VAE_LEVELS))):
        for number in range(3):
            yield from vae_block(f"decoder.up.{level}.block.{number}", inputs, width)
            inputs = width
        if level:
            yield from conv(f"decoder.up.{level}.upsample.conv", width, width, 3)
    yield from norm("decoder.norm_out", inputs)
    yield from conv("decoder.conv_out", 3, inputs, 3)


def vae_block(name: str, inputs: int, outputs: int) -> Iterator[Shape]:
    yield from norm(f"{name}.norm1", inputs)
    yield from conv(f"{name}.conv1", outputs, inputs, 3)
    yield from norm(f"{name}.norm2", outputs)
    yield from conv(f"{name}.conv2", outputs, outputs, 3)
    if inputs != outputs:
        yield from conv(f"{name}.nin_shortcut", outputs, inputs, 1)


def vae_middle(name: str, width: int) -> Iterator[Shape]:
    yield from vae_block(f"{name}.block_1", width, width)
    yield from norm(f"{name}.attn_1.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        yield from conv(f"{name}.attn_1.{part}", width, width, 1)
    yield from vae_block(f"{name}.block_2", width, width)


def conv(name: str, outputs: int, inputs: int, kernel: int) -> Iterator[Shape]:
    yield f"{name}.weight", (outputs, inputs, kernel, kernel)
    yield f"{name}.bias", (outputs,)


def norm(name: str, width: int) -> Iterator[Shape]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)

"""Time and peak memory of Mini-Gemini's vision half at its real size, with random weights: no download.

    python -m benchmarks.minigemini_vision                      # 768 and HD, bf16, one thread
    python -m benchmarks.minigemini_vision --precision fp32 --device cuda

Each case runs in a process of its own, so that its peak memory is its own. Random weights cost what trained ones do.
On the CPU the peak is that of the whole process, whose size before the model is there is told beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CASES = {"768": {"picture_side": 768, "grid": 1}, "HD (1536)": {"picture_side": 1536, "grid": 2}}
PRECISIONS = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
# CLIP ViT-L/14-336 and ConvNeXt-L, into a language model of 7B: the sizes of MGM-7B and MGM-7B-HD.
REAL = {
    "whole_too": True, "select_layer": -2, "clip_width": 1024, "clip_mlp": 4096, "clip_layers": 24, "clip_patch": 14,
    "clip_places": 576, "stage_widths": (192, 384, 768, 1536), "stage_depths": (3, 3, 27, 3), "language_width": 4096,
}  # fmt: skip
GIB = 2**30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=PRECISIONS, default="bf16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--case", choices=CASES, help="run this case only, in this process, and print JSON")
    wishes = parser.parse_args()
    if wishes.case:
        print(json.dumps(measure(wishes)))
        return
    print(f"{wishes.device}, {wishes.precision}, {wishes.threads} thread(s); one picture")
    print(f"{'model':<10}{'tokens':>8}{'weights':>10}{'before':>10}{'peak':>10}{'CPU s':>9}{'wall s':>9}")
    for case in CASES:
        command = [sys.executable, "-m", "benchmarks.minigemini_vision", "--case", case]
        command += ["--precision", wishes.precision, "--device", wishes.device, "--threads", str(wishes.threads)]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        if done.returncode:  # it has said why
            sys.exit(done.returncode)
        found = json.loads(done.stdout)
        sizes = "".join(f"{found[name] / GIB:>6.2f} GiB" for name in ("weights", "before", "peak"))
        print(f"{case:<10}{found['tokens']:>8}{sizes}{found['cpu']:>9.1f}{found['wall']:>9.1f}")


def measure(wishes: argparse.Namespace) -> dict[str, Any]:
    """Bytes and seconds of encoding one picture."""
    import torch

    torch.set_num_threads(wishes.threads)
    before = peak_bytes(wishes.device)
    vision = random_vision(CASES[wishes.case], getattr(torch, PRECISIONS[wishes.precision]), wishes.device)
    pixels = torch.randn(1, 3, vision.shape.picture_side, vision.shape.picture_side, device=wishes.device)
    cpu, wall = time.process_time(), time.perf_counter()
    with torch.inference_mode():
        tokens = vision(pixels)
        assert tokens.isfinite().all()  # also waits for a GPU
    return {
        "tokens": len(tokens),
        "weights": sum(weight.numel() * weight.element_size() for weight in vision.parameters()),
        "before": before,
        "peak": peak_bytes(wishes.device),
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
    }


def random_vision(case: dict[str, int], dtype: Any, device: str) -> Any:
    """The module on its device, its weights small random numbers, without a copy in another format."""
    import torch

    from patchmatters.backends.minigemini.vision import MiniGeminiVision, VisionShape

    with torch.device("meta"):
        vision = MiniGeminiVision(VisionShape(**case, **REAL)).to(dtype)
    vision = vision.to_empty(device=device).requires_grad_(False)
    torch.manual_seed(0)
    for weight in vision.parameters():
        weight.uniform_(-0.03, 0.03)
    return vision.eval()


def peak_bytes(device: str) -> int:
    """The most memory that this process has held so far: on a GPU what torch allocated, else main memory."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated()
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()

"""What captioning many pictures takes: `python -m benchmarks.data_sets [--pictures 500 5000] [--ways folder ray-2]`.

Draws small pictures (64 x 48, each different), captions them by the built-in captioner with the preset `fast`, and says
how long it took, how many CPU seconds, and how much memory the process and its children had at most and near the end.
`folder` is the plain command, `local-N` is `scale` with N processes, `ray-N` is `scale --engine ray` with N actors,
where Ray is installed; Ray's own processes count too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

QUICK = ["--preset", "fast", "--llm-free", "--similarity", "lexical", "--compose-similarity", "lexical"]
_LOOK_S = 0.5
_MIB = 2**20


def draw(folder: Path, count: int) -> None:
    """`count` different pictures."""
    folder.mkdir()
    for number in range(count):
        picture = Image.new("RGB", (64, 48), (number * 7 % 256, number * 13 % 256, number // 4 % 256))
        picture.paste((255 - number * 11 % 256, number % 256, 40), (8 + number % 20, 6, 40, 30 + number % 18))
        picture.save(folder / f"{number:06}.png")


@dataclass
class Family:
    """The memory of a process and all its children, in MiB, watched until it ends."""

    process: subprocess.Popen
    seen: list[float]
    cpu_s: float = 0.0

    def watch(self) -> None:
        while self.process.poll() is None:
            family = _with_children(self.process.pid)
            self.seen.append(sum(map(_pss, family)) / 1024)
            self.cpu_s = max(self.cpu_s, sum(map(_cpu_s, family)))
            time.sleep(_LOOK_S)


def _with_children(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, tasks.read_text().split())
            except OSError:
                continue
    return found


def _pss(pid: int) -> float:
    """Proportional set size in KiB: memory that processes share counts once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def command(way: str, photos: Path, out: Path) -> list[str]:
    name, _, workers = way.partition("-")
    start = [sys.executable, "-m", "patchmatters"]
    if name == "folder":
        return [*start, "folder", str(photos), "--out", str(out), "--quiet", *QUICK]
    return [*start, "scale", str(photos), str(out), "--engine", name, "--workers", workers, *QUICK]


def measured(way: str, count: int) -> str:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder) / "photos"
        draw(photos, count)
        start = time.perf_counter()
        process = subprocess.Popen(command(way, photos, Path(folder) / "out"), stdout=subprocess.DEVNULL)
        family = Family(process, [])
        watcher = threading.Thread(target=family.watch)
        watcher.start()
        status = process.wait()
        watcher.join()
        seconds = time.perf_counter() - start
    if status:
        return f"| {way} | {count} | failed with status {status} |"
    tenth = max(len(family.seen) // 10, 1)
    late = sorted(family.seen[-2 * tenth : -1] or family.seen)
    memory = f"{max(family.seen):.0f} | {late[len(late) // 2]:.0f}"
    return f"| {way} | {count} | {seconds:.0f} s | {family.cpu_s:.0f} | {memory} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--ways", nargs="+", default=["folder"], help="folder, local-1, local-2, ray-1, ray-2 ...")
    options = parser.parse_args(arguments)
    print("| way | pictures | time | CPU s | MiB at most | MiB near the end |\n|---|---|---|---|---|---|")
    for count in options.pictures:
        for way in options.ways:
            print(measured(way, count), flush=True)


if __name__ == "__main__":
    main()

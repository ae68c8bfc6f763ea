"""PatchMatters for ComfyUI: the extension's entry point."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from .nodes.requirements import require_installed

require_installed()

from .nodes.memory import model_roots  # noqa: E402  what is imported needs what was checked
from .nodes.model_list import add_route  # noqa: E402
from .nodes.registry import NODES  # noqa: E402
from .patchmatters.language.embedding_model import MODEL_FOLDERS  # noqa: E402

WEB_DIRECTORY = "./web"


class PatchMattersExtension(ComfyExtension):
    async def on_load(self) -> None:
        add_route()
        MODEL_FOLDERS.look_in(model_roots)

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return list(NODES)


async def comfy_entrypoint() -> PatchMattersExtension:
    return PatchMattersExtension()

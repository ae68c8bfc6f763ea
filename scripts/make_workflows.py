"""Write the example workflows in `workflows/` from the tables below: `python scripts/make_workflows.py [NAME...]`.

Starts the ComfyUI of COMFYUI_PATH to ask it which widgets each node has, so that the files fit the nodes as they are.
The same tables and the same host give the same files, byte for byte.
"""

from __future__ import annotations

import json
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from host.comfy_server import Host, Server, find_host, prepare_base  # noqa: E402
from host.workflow_files import controls_after, is_widget, node_inputs, widget_options  # noqa: E402

OURS = "PatchMatters_"
GROUP_COLOURS = {"ours": "#3f789e", "core": "#8a8a8a"}
TITLE = 30  # pixels above a node's position that its title takes
MARGIN = 20
CHECKPOINT = "v1-5-pruned-emaonly-fp16.safetensors"
DETECTOR = "rt_detr_v4-x-hgnet_fp16.safetensors"
# Local models of the paper's own kinds; they are downloaded when somebody runs the graph.
CAPTIONER, MATCHER = "llava-hf/llava-v1.6-mistral-7b-hf", "Salesforce/blip-itm-large-coco"
LOCAL_DETECTOR = "PekingU/rtdetr_r50vd_coco_o365"
NEGATIVE = "blurry, low quality, watermark, text"
FLUX, CLIP_L, T5, FLUX_VAE = "flux1-dev.safetensors", "clip_l.safetensors", "t5xxl_fp16.safetensors", "ae.safetensors"
HUB = "https://huggingface.co"
SEEING_CLIP = "qwen3.5_4b_bf16.safetensors"
# What has to be downloaded: file -> (folder of models/, address), as ComfyUI's own templates give them. The frontend
# offers the download to those who lack a file.
DOWNLOADS = {
    CHECKPOINT: ("checkpoints", f"{HUB}/Comfy-Org/stable-diffusion-v1-5-archive/resolve/main/{CHECKPOINT}"),
    DETECTOR: ("diffusion_models", f"{HUB}/Comfy-Org/SDPose/resolve/main/diffusion_models/{DETECTOR}"),
    FLUX: ("diffusion_models", f"{HUB}/Comfy-Org/flux1-dev/resolve/main/{FLUX}"),
    CLIP_L: ("text_encoders", f"{HUB}/comfyanonymous/flux_text_encoders/resolve/main/{CLIP_L}"),
    T5: ("text_encoders", f"{HUB}/comfyanonymous/flux_text_encoders/resolve/main/{T5}"),
    SEEING_CLIP: ("text_encoders", f"{HUB}/Comfy-Org/Qwen3.5/resolve/main/text_encoders/{SEEING_CLIP}"),
    FLUX_VAE: ("vae", f"{HUB}/Comfy-Org/Lumina_Image_2.0_Repackaged/resolve/main/split_files/vae/{FLUX_VAE}"),
}


@dataclass(frozen=True)
class Node:
    """A node of a graph: its name in this table, type, place and size in pixels, and what differs from the default.

    `links` maps an input to "name" or "name.output" of another node.
    """

    name: str
    type: str
    at: tuple[int, int]
    size: tuple[int, int]
    links: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Group:
    """A titled frame around nodes."""

    title: str
    nodes: tuple[str, ...]
    colour: str = "ours"


@dataclass(frozen=True)
class App:
    """What app mode shows of a graph: widgets as "node.widget", and output nodes by name."""

    widgets: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    nodes: tuple[Node, ...]
    groups: tuple[Group, ...]
    app: App | None = None


def picture(at: tuple[int, int] = (0, 0), name: str = "picture") -> Node:
    """A picture to be chosen: not every ComfyUI has the one that is named, so the title says it."""
    return Node(name, "LoadImage", at, (300, 360), values={"image": "example.png"}, title="Load Image: choose yours")


def batch() -> tuple[Node, ...]:
    """Two pictures as one batch, in two columns."""
    links = {"images.image0": "picture", "images.image1": "picture_2"}
    return (
        picture(),
        picture((0, 420), "picture_2"),
        Node("batch", "BatchImagesNode", (380, 0), (300, 90), links),
    )


def models(x: int = 0, y: int = 420) -> tuple[Node, ...]:
    return (
        Node("captioner", f"{OURS}BuiltinModel", (x, y), (300, 100)),
        Node("scorer", f"{OURS}Scorer", (x, y + 160), (300, 150)),
    )


def near_stages(x: int, scene: str) -> tuple[Node, ...]:
    """Compare, filter and merge within patches, from `scene` on."""
    return (
        Node("compare", f"{OURS}Compare", (x, 0), (340, 250), {"scene": scene}),
        Node("filter", f"{OURS}Filter", (x, 310), (340, 340), {"scene": "compare", "scorer": "scorer"}),
        Node("merge", f"{OURS}Merge", (x, 710), (340, 170), {"scene": "filter"}),
    )


def far_stages(x: int) -> tuple[Node, ...]:
    """The same across overlapping patches."""
    across = {"level": "across patches"}
    return (
        Node("compare_across", f"{OURS}Compare", (x, 0), (340, 250), {"scene": "merge"}, across),
        Node("filter_across", f"{OURS}Filter", (x, 310), (340, 340), {"scene": "compare_across", "scorer": "scorer"}),
        Node("merge_across", f"{OURS}Merge", (x, 710), (340, 170), {"scene": "filter_across"}),
    )


def steps(first: tuple[Node, ...] = (), x: int = 380, scene: str = "divide") -> tuple[Node, ...]:
    """Divide to Compose, each stage a node; `first` is put between Divide and Describe, `scene` is its last."""
    boxes = {"bboxes": "detect"} if first else {}
    return (
        Node("divide", f"{OURS}Divide", (x, 0), (340, 230), {"image": "picture", **boxes}),
        *first,
        Node(
            "describe",
            f"{OURS}Describe",
            (x, 520 if first else 290),
            (340, 350),
            {"scene": scene, "chat_model": "captioner"},
        ),
        *near_stages(x + 420, "describe"),
        *far_stages(x + 840),
        Node("compose", f"{OURS}Compose", (x + 1260, 0), (340, 200), {"scene": "merge_across"}),
    )


def heard(nodes: tuple[Node, ...], witnesses: str) -> tuple[Node, ...]:
    """The nodes with witnesses for each filter."""
    return tuple(
        replace(node, links={**node.links, "witnesses": witnesses}) if node.type == f"{OURS}Filter" else node
        for node in nodes
    )


STEP_GROUPS = (
    Group("1  Picture and models", ("picture", "captioner", "scorer"), "core"),
    Group("2  Divide and describe", ("divide", "describe")),
    Group("3  Filter within patches", ("compare", "filter", "merge")),
    Group("4  Filter across patches", ("compare_across", "filter_across", "merge_across")),
)


def looks(x: int, y: int, caption: str, scene: str) -> tuple[Node, ...]:
    """The caption as text and the patches on the picture."""
    return (
        Node("caption", "PreviewAny", (x, y), (400, 260), {"source": caption}, title="Caption"),
        Node("inspect", f"{OURS}Inspect", (x, y + 320), (400, 560), {"scene": scene}),
    )


def checkpoint(x: int, y: int = 0) -> Node:
    return Node("checkpoint", "CheckpointLoaderSimple", (x, y), (340, 110), values={"ckpt_name": CHECKPOINT})


def negative(x: int, y: int) -> Node:
    return Node(
        "negative", "CLIPTextEncode", (x, y), (340, 130), {"clip": "checkpoint.CLIP"}, {"text": NEGATIVE}, "Negative"
    )


def fit(at: tuple[int, int], caption: str, clip: str = "checkpoint.CLIP", name: str = "fit", **values: Any) -> Node:
    return Node(name, f"{OURS}FitPrompt", at, (340, 330), {"caption": caption, "clip": clip}, values)


def left_out(x: int, y: int, source: str = "fit.left_out") -> Node:
    return Node("left_out", "PreviewAny", (x, y), (340, 300), {"source": source}, title="Left out")


def sampled(x: int, positive: str, latent: str, **values: Any) -> tuple[Node, ...]:
    """Sampler, decoder and the saved picture, with the checkpoint's model and VAE."""
    links = {"model": "checkpoint.MODEL", "positive": positive, "negative": "negative", "latent_image": latent}
    return (
        Node("sampler", "KSampler", (x, 0), (320, 340), links, values),
        Node("decode", "VAEDecode", (x, 400), (320, 60), {"samples": "sampler", "vae": "checkpoint.VAE"}),
    )


def saved(x: int, y: int, images: str) -> Node:
    return Node("save", "SaveImage", (x, y), (320, 320), {"images": images}, {"filename_prefix": "PatchMatters"})


def sampling(x: int, scene: str) -> tuple[Node, ...]:
    """A caption, fitted to the text encoder, into core's text-to-image nodes."""
    clip = {"clip": "checkpoint.CLIP"}
    return (
        checkpoint(x),
        fit((x, 170), scene),
        Node("latent", "EmptyLatentImage", (x, 570), (340, 110)),
        Node("positive", "CLIPTextEncode", (x + 400, 0), (340, 110), clip | {"text": "fit.prompt"}, title="Positive"),
        negative(x + 400, 170),
        left_out(x + 400, 360),
        *sampled(x + 800, "positive", "latent"),
        saved(x + 800, 520, "decode"),
    )


SAMPLING_GROUP = Group(
    f"Text to image (needs {CHECKPOINT})",
    ("checkpoint", "fit", "latent", "positive", "negative", "left_out", "sampler", "decode", "save"),
    "core",
)


def enhance(x: int, image: str, scorer: bool = True) -> Node:
    links = {"image": image, "chat_model": "captioner"} | ({"scorer": "scorer"} if scorer else {})
    return Node("enhance", f"{OURS}EnhanceCaption", (x, 0), (340, 340), links)


def drawn_from(name: str, y: int, first: Node, text: str, *more: Node) -> tuple[Node, ...]:
    """A way to a caption, and the picture drawn from it: each with the same seed, so that only the captions differ."""
    positive = {"clip": "checkpoint.CLIP", "text": text}
    links = {"model": "checkpoint.MODEL", "positive": f"{name}_positive", "negative": "negative"}
    return (
        first,
        *more,
        Node(f"{name}_positive", "CLIPTextEncode", (1160, y), (340, 110), positive, title="Positive"),
        Node(f"{name}_sampler", "KSampler", (1540, y), (320, 340), links | {"latent_image": "latent"}),
        Node(
            f"{name}_decode", "VAEDecode", (1160, y + 180), (320, 60),
            {"samples": f"{name}_sampler", "vae": "checkpoint.VAE"},
        ),
        Node(
            f"{name}_save", "SaveImage", (1900, y), (320, 320), {"images": f"{name}_decode"},
            {"filename_prefix": f"PatchMatters_{name}"},
        ),
    )  # fmt: skip


SEMANTIC = Node(
    "semantic", f"{OURS}SemanticPatch", (380, 290), (340, 170), {"scene": "divide", "chat_model": "captioner"}
)

GRAPHS: Mapping[str, Graph] = {
    "start_here": Graph(
        (
            picture(),
            Node("quick", f"{OURS}QuickCaption", (380, 0), (340, 200), {"image": "picture"}),
            Node("caption", "PreviewAny", (380, 270), (340, 330), {"source": "quick.caption"}, title="Caption"),
            Node("inspect", f"{OURS}Inspect", (780, 0), (480, 600), {"scene": "quick.scene"}),
        ),
        (
            Group("Your picture", ("picture",), "core"),
            Group("Run it: the first run downloads a small captioner (1.3 GB)", ("quick", "caption", "inspect")),
        ),
    ),
    "caption_step_by_step": Graph(
        (
            picture(),
            *models(),
            *steps(),
            Node("report", "PreviewAny", (1640, 260), (340, 450), {"source": "filter.report"}, title="Report"),
            *looks(2060, 0, "compose.caption", "compose.scene"),
        ),
        (*STEP_GROUPS, Group("5  Caption", ("compose", "report", "caption", "inspect"))),
    ),
    "text_to_image_step_by_step": Graph(
        (
            picture(),
            *models(),
            *steps(),
            *looks(1640, 260, "compose.caption", "compose.scene"),
            *sampling(2120, "compose.scene"),
        ),
        (*STEP_GROUPS, Group("5  Caption", ("compose", "caption", "inspect")), SAMPLING_GROUP),
    ),
    "text_to_image_enhance_caption": Graph(
        (
            picture(),
            *models(),
            enhance(380, "picture"),
            Node("caption", "PreviewAny", (380, 420), (340, 330), {"source": "enhance.caption"}, title="Caption"),
            *sampling(800, "enhance.scene"),
        ),
        (
            Group("Picture and models", ("picture", "captioner", "scorer"), "core"),
            Group("Caption", ("enhance", "caption")),
            SAMPLING_GROUP,
        ),
    ),
    "caption_with_rtdetr_boxes": Graph(
        (
            picture(),
            *models(),
            Node("detector", "UNETLoader", (0, 810), (300, 110), values={"unet_name": DETECTOR}),
            Node(
                "detect",
                "RTDETR_detect",
                (0, 980),
                (300, 150),
                {"model": "detector", "image": "picture"},
                {"threshold": 0.3},
            ),
            *steps((SEMANTIC,), scene="semantic"),
            *looks(1640, 260, "compose.caption", "compose.scene"),
        ),
        (
            Group("1  Picture and boxes", ("picture", "captioner", "scorer", "detector", "detect"), "core"),
            Group("2  Divide and describe", ("divide", "semantic", "describe")),
            *STEP_GROUPS[2:],
            Group("5  Caption", ("compose", "caption", "inspect")),
        ),
    ),
    "caption_local_models": Graph(
        (
            picture(),
            Node("captioner", f"{OURS}LocalModel", (0, 420), (300, 290), values={"model": CAPTIONER}),
            Node("scorer", f"{OURS}Scorer", (0, 770), (300, 170), values={"model": MATCHER}),
            Node("detect", f"{OURS}Detect", (0, 1000), (300, 320), {"image": "picture"}, {"model": LOCAL_DETECTOR}),
            Node("read", f"{OURS}ReadText", (0, 1380), (300, 230)),
            Node(
                "count",
                f"{OURS}CountObjects",
                (0, 1670),
                (300, 360),
                {"witnesses": "read"},
                {"model": LOCAL_DETECTOR},
            ),
            *heard(steps((SEMANTIC,), scene="semantic"), "count"),
            *looks(1640, 260, "compose.caption", "compose.scene"),
        ),
        (
            Group("1  Picture and models", ("picture", "captioner", "scorer", "detect", "read", "count"), "core"),
            Group("2  Divide and describe", ("divide", "semantic", "describe")),
            *STEP_GROUPS[2:],
            Group("5  Caption", ("compose", "caption", "inspect")),
        ),
    ),
    "caption_by_api": Graph(
        (
            picture(),
            Node("captioner", f"{OURS}ApiModel", (0, 420), (300, 300)),
            enhance(380, "picture", scorer=False),
            Node("caption", "PreviewAny", (380, 420), (340, 390), {"source": "enhance.caption"}, title="Caption"),
            Node("inspect", f"{OURS}Inspect", (780, 0), (480, 720), {"scene": "enhance.scene"}),
        ),
        (
            Group("Picture, API and key", ("picture", "captioner"), "core"),
            Group("Caption", ("enhance", "caption", "inspect")),
        ),
    ),
    "caption_with_comfyui_clip": Graph(
        (
            picture(),
            Node("clip", "CLIPLoader", (0, 420), (300, 130), values={"clip_name": SEEING_CLIP}),
            Node("captioner", f"{OURS}ClipModel", (0, 610), (300, 110), {"clip": "clip"}),
            enhance(380, "picture", scorer=False),
            Node("caption", "PreviewAny", (380, 420), (340, 390), {"source": "enhance.caption"}, title="Caption"),
            Node("inspect", f"{OURS}Inspect", (780, 0), (480, 720), {"scene": "enhance.scene"}),
        ),
        (
            Group("Picture and captioner", ("picture", "clip", "captioner"), "core"),
            Group("Caption", ("enhance", "caption", "inspect")),
        ),
    ),
    "caption_batch": Graph(
        (
            *batch(),
            *models(380, 170),
            enhance(760, "batch"),
            Node("saved", f"{OURS}SaveScene", (760, 420), (340, 100), {"scene": "enhance.scene"}),
            *looks(1180, 0, "enhance.caption", "enhance.scene"),
        ),
        (
            Group("Pictures", ("picture", "picture_2"), "core"),
            Group("Batch and models", ("batch", "captioner", "scorer"), "core"),
            Group("One caption per picture", ("enhance", "saved", "caption", "inspect")),
        ),
    ),
    "caption_in_app_mode": Graph(
        (
            picture(),
            *models(),
            enhance(380, "picture"),
            Node("caption", "PreviewAny", (380, 420), (340, 330), {"source": "enhance.caption"}, title="Caption"),
            Node("inspect", f"{OURS}Inspect", (780, 0), (480, 680), {"scene": "enhance.scene"}),
        ),
        (
            Group("Picture and models", ("picture", "captioner", "scorer"), "core"),
            Group("Caption, in app mode a form", ("enhance", "caption", "inspect")),
        ),
        App(("picture.image", "enhance.preset"), ("caption", "inspect")),
    ),
    "caption_batch_to_dataset": Graph(
        (
            *batch(),
            *models(380, 170),
            enhance(760, "batch"),
            Node("singly", "RebatchImages", (760, 420), (340, 80), {"images": "batch"}, {"batch_size": 1}),
            Node(
                "saved",
                "SaveImageTextDataSetToFolder",
                (1180, 0),
                (340, 180),
                {"images": "singly", "texts": "enhance.caption"},
                {"folder_name": "captioned"},
            ),
            Node("caption", "PreviewAny", (1180, 250), (340, 360), {"source": "enhance.caption"}, title="Captions"),
        ),
        (
            Group("Pictures", ("picture", "picture_2"), "core"),
            Group("Batch and models", ("batch", "captioner", "scorer"), "core"),
            Group("A caption a picture", ("enhance", "singly")),
            Group("Pairs of files", ("saved", "caption"), "core"),
        ),
    ),
    "reference_to_picture_compared": Graph(
        (
            picture(),
            Node("clip", "CLIPLoader", (0, 420), (300, 130), values={"clip_name": SEEING_CLIP}),
            checkpoint(0, 610),
            Node("latent", "EmptyLatentImage", (0, 820), (340, 150)),
            negative(0, 1030),
            *drawn_from(
                "plain",
                0,
                Node(
                    "plain",
                    "TextGenerate",
                    (400, 0),
                    (340, 540),
                    {"clip": "clip", "image": "picture"},
                    {"prompt": "Describe this picture in detail."},
                    "Caption without the pack",
                ),
                "plain",
            ),
            *drawn_from(
                "enhanced",
                620,
                Node("captioner", f"{OURS}ClipModel", (400, 620), (340, 110), {"clip": "clip"}),
                "fit.prompt",
                Node(
                    "enhance",
                    f"{OURS}EnhanceCaption",
                    (400, 800),
                    (340, 340),
                    {"image": "picture", "chat_model": "captioner"},
                ),
                fit((780, 620), "enhance.scene"),
            ),
        ),
        (
            Group("Reference and models", ("picture", "clip", "checkpoint", "latent", "negative"), "core"),
            Group(
                "Without the pack: one question, one answer",
                ("plain", "plain_positive", "plain_sampler", "plain_decode", "plain_save"),
                "core",
            ),
            Group(
                "With the pack: the same captioner, checked",
                (
                    *("captioner", "enhance", "fit", "enhanced_positive"),
                    *("enhanced_sampler", "enhanced_decode", "enhanced_save"),
                ),
            ),
        ),
    ),
    "caption_folder_for_training": Graph(
        (
            Node(
                "pictures", f"{OURS}LoadImageFolder", (0, 0), (340, 330), values={"captions_in": "training/10_trigger"}
            ),
            *models(0, 420),
            enhance(420, "pictures.image"),
            Node(
                "saved",
                f"{OURS}SaveCaptions",
                (840, 0),
                (360, 380),
                {
                    "caption": "enhance.caption",
                    "place": "pictures.place",
                    "image": "pictures.image",
                    "scene": "enhance.scene",
                    "name": "pictures.name",
                },
                {"trigger": "trigger"},
            ),
            *looks(1280, 0, "enhance.caption", "enhance.scene"),
        ),
        (
            Group("Folder, queue for each", ("pictures", "captioner", "scorer"), "core"),
            Group("Caption and save", ("enhance", "saved")),
            Group("Look", ("caption", "inspect")),
        ),
    ),
    "regions_of_saved_scenes": Graph(
        (
            *batch(),
            Node(
                "saved",
                f"{OURS}LoadScene",
                (380, 170),
                (300, 120),
                {"image": "batch"},
                {"scene_file": "patchmatters/scene_00001_.json [output]"},
                title="Load Scene of caption_batch",
            ),
            Node("regions", f"{OURS}Regions", (760, 0), (300, 160), {"scene": "saved"}),
            Node("inspect", f"{OURS}Inspect", (760, 280), (300, 320), {"scene": "saved"}),
            Node("crops", "PreviewImage", (1140, 0), (400, 540), {"images": "regions.crops"}, title="Crops"),
            Node("texts", "PreviewAny", (1140, 600), (400, 300), {"source": "regions.texts"}, title="Texts"),
        ),
        (
            Group("The same pictures", ("picture", "picture_2"), "core"),
            Group("Saved Scenes", ("batch", "saved")),
            Group("Regions", ("regions", "inspect", "crops", "texts")),
        ),
    ),
    "reference_to_layout_prompt": Graph(
        (
            picture(),
            *models(),
            enhance(380, "picture"),
            Node("size", "GetImageSize", (380, 420), (340, 130), {"image": "picture"}),
            Node("layout", f"{OURS}JsonPrompt", (800, 0), (340, 300), {"scene": "enhance.scene"}),
            Node("report", "PreviewAny", (800, 400), (340, 320), {"source": "layout.report"}, title="Where from"),
            Node(
                "boxes",
                "CreateBoundingBoxes",
                (1220, 0),
                (420, 720),
                {"background": "picture", "bboxes": "layout.bboxes", "width": "size.width", "height": "size.height"},
            ),
            Node(
                "build",
                "BuildJsonPromptIdeogram",
                (1720, 0),
                (400, 460),
                {
                    "element": "boxes.elements",
                    "high_level_description": "layout.summary",
                    "background": "layout.background",
                },
            ),
            Node("prompt", "PreviewAny", (2200, 0), (440, 720), {"source": "build"}, title="Layout prompt"),
        ),
        (
            Group("Picture and models", ("picture", "captioner", "scorer"), "core"),
            Group("What was verified, as a layout", ("enhance", "size", "layout", "report")),
            Group("Move the boxes by hand, then build the prompt (ComfyUI 0.28)", ("boxes", "build", "prompt"), "core"),
        ),
        App(("picture.image", "enhance.preset", "layout.most_elements", "build.style"), ("prompt",)),
    ),
    "text_to_image_regional": Graph(
        (
            picture(),
            *models(),
            enhance(380, "picture"),
            Node("inspect", f"{OURS}Inspect", (380, 420), (340, 330), {"scene": "enhance.scene"}),
            checkpoint(800),
            Node(
                "regional",
                f"{OURS}RegionalConditioning",
                (800, 170),
                (340, 460),
                {"scene": "enhance.scene", "clip": "checkpoint.CLIP"},
            ),
            negative(1200, 0),
            Node("latent", "EmptyLatentImage", (1200, 190), (340, 110)),
            Node("masks", "MaskPreview", (1200, 390), (340, 270), {"mask": "regional.masks"}),
            *sampled(1600, "regional.conditioning", "latent"),
            saved(1600, 520, "decode"),
        ),
        (
            Group("Picture and models", ("picture", "captioner", "scorer"), "core"),
            Group("Caption and regions", ("enhance", "inspect")),
            Group(
                f"Each region with its own description (needs {CHECKPOINT})",
                ("checkpoint", "regional", "negative", "latent", "masks", "sampler", "decode", "save"),
                "core",
            ),
        ),
    ),
    "text_to_image_flux": Graph(
        (
            picture(),
            *models(),
            enhance(380, "picture"),
            Node("caption", "PreviewAny", (380, 420), (340, 330), {"source": "enhance.caption"}, title="Caption"),
            Node(
                "clip",
                "DualCLIPLoader",
                (800, 0),
                (340, 140),
                values={"clip_name1": CLIP_L, "clip_name2": T5, "type": "flux"},
            ),
            fit((800, 240), "enhance.scene", "clip", "short"),
            fit((800, 630), "enhance.scene", "clip", "long", tokens=512, encoders="longest encoder"),
            Node(
                "positive",
                "CLIPTextEncodeFlux",
                (1200, 0),
                (340, 230),
                {"clip": "clip", "clip_l": "short.prompt", "t5xxl": "long.prompt"},
            ),
            Node("negative", "ConditioningZeroOut", (1200, 330), (340, 40), {"conditioning": "positive"}),
            left_out(1200, 440, "short.left_out"),
            Node("flux", "UNETLoader", (1600, 0), (340, 90), values={"unet_name": FLUX}),
            Node("vae", "VAELoader", (1600, 150), (340, 70), values={"vae_name": FLUX_VAE}),
            Node("latent", "EmptySD3LatentImage", (1600, 280), (340, 110)),
            Node(
                "sampler",
                "KSampler",
                (1600, 510),
                (340, 340),
                {"model": "flux", "positive": "positive", "negative": "negative", "latent_image": "latent"},
                {"cfg": 1.0, "sampler_name": "euler", "scheduler": "simple"},
            ),
            Node("decode", "VAEDecode", (2000, 0), (320, 60), {"samples": "sampler", "vae": "vae"}),
            saved(2000, 120, "decode"),
        ),
        (
            Group("Picture and models", ("picture", "captioner", "scorer"), "core"),
            Group("Caption", ("enhance", "caption")),
            Group("A prompt for each encoder", ("clip", "short", "long", "positive", "negative", "left_out")),
            Group(
                "Flux (needs flux1-dev, clip_l, t5xxl_fp16, ae)",
                ("flux", "vae", "latent", "sampler", "decode", "save"),
                "core",
            ),
        ),
    ),
    "upscale_by_tiles": Graph(
        (
            picture(),
            *models(),
            Node(
                "larger",
                "ImageScaleBy",
                (380, 0),
                (340, 90),
                {"image": "picture"},
                {"upscale_method": "lanczos", "scale_by": 2.0},
            ),
            Node(
                "tiles",
                "SplitImageToTileList",
                (380, 150),
                (340, 130),
                {"image": "larger"},
                {"tile_width": 640, "tile_height": 640, "overlap": 128},
            ),
            Node(
                "enhance",
                f"{OURS}EnhanceCaption",
                (380, 340),
                (340, 340),
                {"image": "tiles", "chat_model": "captioner", "scorer": "scorer"},
                {"preset": "fast"},
            ),
            Node("size", "GetImageSize", (380, 760), (340, 130), {"image": "larger"}),
            checkpoint(800),
            fit((800, 170), "enhance.scene"),
            Node("latent", "VAEEncode", (800, 570), (340, 60), {"pixels": "tiles", "vae": "checkpoint.VAE"}),
            Node(
                "positive",
                "CLIPTextEncode",
                (1200, 0),
                (340, 110),
                {"clip": "checkpoint.CLIP", "text": "fit.prompt"},
                title="Positive: each tile's own",
            ),
            negative(1200, 170),
            Node("prompts", "PreviewAny", (1200, 360), (340, 300), {"source": "fit.prompt"}, title="Prompts"),
            *sampled(1600, "positive", "latent", denoise=0.35),
            Node(
                "merge",
                "ImageMergeTileList",
                (1600, 520),
                (320, 130),
                {"image_list": "decode", "final_width": "size.width", "final_height": "size.height"},
                {"overlap": 128},
            ),
            saved(2000, 0, "merge"),
        ),
        (
            Group("Picture and models", ("picture", "captioner", "scorer"), "core"),
            Group("Tiles and their captions", ("larger", "tiles", "enhance", "size")),
            Group(
                f"Refine tile by tile (needs {CHECKPOINT})",
                (
                    "checkpoint",
                    "fit",
                    "latent",
                    "positive",
                    "negative",
                    "prompts",
                    "sampler",
                    "decode",
                    "merge",
                    "save",
                ),
                "core",
            ),
        ),
    ),
}


def main() -> None:
    host = find_host()
    if not isinstance(host, Host):
        sys.exit(host)
    with tempfile.TemporaryDirectory() as base, Server(host, prepare_base(Path(base), host)) as server:
        info = server.get("/object_info")
    for stem, graph in GRAPHS.items():
        if sys.argv[1:] and stem not in sys.argv[1:]:
            continue
        if lacking := sorted({node.type for node in graph.nodes} - set(info)):
            print(f"{stem}: left as it is, because this ComfyUI is too old for {', '.join(lacking)}")
            continue
        text = json.dumps(workflow(stem, graph, info), indent=1)
        (ROOT / "workflows" / f"{stem}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        print(f"{stem}: {len(graph.nodes)} nodes")


def workflow(stem: str, graph: Graph, info: Mapping[str, Any]) -> dict[str, Any]:
    """The graph in the frontend's format."""
    ids = {node.name: number for number, node in enumerate(graph.nodes, 1)}
    links = list(_links(graph, ids, info))
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"comfyui-patchmatters/{stem}")),
        "revision": 0,
        "last_node_id": len(ids),
        "last_link_id": len(links),
        "nodes": [_node(node, order, ids[node.name], links, info) for order, node in enumerate(graph.nodes)],
        "links": links,
        "groups": [_group(number, group, graph) for number, group in enumerate(graph.groups, 1)],
        "config": {},
        "extra": {"ds": {"scale": 0.6, "offset": [80, 120]}} | _app(graph.app, ids),
        "version": 0.4,
    }


def _app(app: App | None, ids: Mapping[str, int]) -> dict[str, Any]:
    """As the frontend saves what was chosen for app mode (1.41 and later)."""
    if app is None:
        return {}
    widgets = [one.partition(".") for one in app.widgets]
    chosen = [[ids[node], widget] for node, _, widget in widgets]
    return {"linearData": {"inputs": chosen, "outputs": [ids[name] for name in app.outputs]}}


def _links(graph: Graph, ids: Mapping[str, int], info: Mapping[str, Any]) -> Iterator[list[Any]]:
    """[link id, source node, source output, target node, target input, type]."""
    types = {node.name: node.type for node in graph.nodes}
    number = 0
    for node in graph.nodes:
        slots = [name for name, _ in _input_slots(node, info)]
        for target, source in node.links.items():
            name, _, output = source.partition(".")
            outputs = info[types[name]]["output_name"]
            slot = outputs.index(output) if output else 0
            number += 1
            kind = info[types[name]]["output"][slot]
            yield [number, ids[name], slot, ids[node.name], slots.index(target), kind]


def _input_slots(node: Node, info: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """Inputs in the frontend's order: sockets first, then widgets; a growing input as its members."""
    found = list(node_inputs(info[node.type]))
    grown = [(name, [info_type(spec)]) for name, spec in found if spec[0] == "COMFY_AUTOGROW_V3" for name in node.links]
    plain = [(name, spec) for name, spec in found if spec[0] != "COMFY_AUTOGROW_V3"]
    sockets = [one for one in plain if not is_widget(one[1])]
    return [*grown, *sockets, *(one for one in plain if is_widget(one[1]))]


def info_type(spec: list[Any]) -> str:
    """The type of the members of a growing input."""
    members = spec[1]["template"]["input"]["required"]
    return next(iter(members.values()))[0]


def _node(node: Node, order: int, number: int, links: Sequence[list[Any]], info: Mapping[str, Any]) -> dict[str, Any]:
    outputs = zip(info[node.type]["output"], info[node.type]["output_name"], strict=True)
    made = {
        "id": number,
        "type": node.type,
        "pos": list(node.at),
        "size": list(node.size),
        "flags": {},
        "order": order,
        "mode": 0,
        "inputs": [
            _input(name, spec, next((link[0] for link in links if link[3:5] == [number, slot]), None))
            for slot, (name, spec) in enumerate(_input_slots(node, info))
        ],
        "outputs": [
            {"name": name, "type": kind, "links": [link[0] for link in links if link[1:3] == [number, slot]] or None}
            for slot, (kind, name) in enumerate(outputs)
        ],
        "properties": {
            "cnr_id": "patchmatters" if node.type.startswith(OURS) else "comfy-core",
            "Node name for S&R": node.type,
        },
        "widgets_values": list(_widget_values(node, info)),
    }
    if models := list(_models(node)):
        made["properties"]["models"] = models
    return made | ({"title": node.title} if node.title else {})


def _models(node: Node) -> Iterator[dict[str, str]]:
    """What the node's files are called, where they belong and where they are."""
    for value in node.values.values():
        if value in DOWNLOADS:
            folder, address = DOWNLOADS[value]
            yield {"name": value, "url": address, "directory": folder}


def _input(name: str, spec: list[Any], link: int | None) -> dict[str, Any]:
    kind = "COMBO" if isinstance(spec[0], list) else spec[0]
    made = {"name": name, "type": kind, "link": link}
    if "." in name:  # a member of a growing input
        made["label"] = name.rpartition(".")[2]
    return made | ({"widget": {"name": name}} if is_widget(spec) else {})


def _widget_values(node: Node, info: Mapping[str, Any]) -> Iterator[Any]:
    for name, spec in node_inputs(info[node.type]):
        if is_widget(spec):
            yield node.values.get(name, _default(spec))
            yield from controls_after(name, spec)


def _default(spec: list[Any]) -> Any:
    options = widget_options(spec)
    choices = spec[0] if isinstance(spec[0], list) else options.get("options", [])
    return options.get("default", choices[0] if choices else "")


def _group(number: int, group: Group, graph: Graph) -> dict[str, Any]:
    boxes = [(*node.at, *node.size) for node in graph.nodes if node.name in group.nodes]
    left = min(x for x, _, _, _ in boxes) - MARGIN
    top = min(y for _, y, _, _ in boxes) - TITLE - MARGIN - 40
    right = max(x + width for x, _, width, _ in boxes) + MARGIN
    bottom = max(y + height for _, y, _, height in boxes) + MARGIN
    return {
        "id": number,
        "title": group.title,
        "bounding": [left, top, right - left, bottom - top],
        "color": GROUP_COLOURS[group.colour],
        "font_size": 24,
        "flags": {},
    }


if __name__ == "__main__":
    main()

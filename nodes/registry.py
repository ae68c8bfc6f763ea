"""Every node of the pack that people place, by its id. Ids are for ever; a new node is one more line.

The mapping is a literal, as tools that read packs without running them expect, and the root `__init__` does not
export it: a module that has an attribute of this name is taken for a pack of the old kind.
"""

from __future__ import annotations

from .aggregate import Compose, Merge
from .api_model import ApiModel
from .clip_model import ClipModel
from .describe import Describe
from .detect import Detect
from .divide import Divide
from .enhance import CollectCaptions, EnhanceCaption
from .fit_prompt import FitPrompt
from .inspect_scene import Inspect
from .json_prompt import SceneToJsonPrompt
from .load_image_folder import LoadImageFolder
from .local_model import LocalModel
from .models import BuiltinModel
from .quick_caption import QuickCaption
from .regional_conditioning import RegionalConditioning
from .regions import Regions
from .save_captions import SaveCaptions
from .scene_files import LoadScene, SaveScene
from .scorer import ScorerLoader
from .semantic_filter import Compare, Filter
from .semantic_patch import SemanticPatch
from .witnesses import CountObjects, ReadText

NODE_CLASS_MAPPINGS = {
    "PatchMatters_BuiltinModel": BuiltinModel,
    "PatchMatters_Scorer": ScorerLoader,
    "PatchMatters_Divide": Divide,
    "PatchMatters_SemanticPatch": SemanticPatch,
    "PatchMatters_Describe": Describe,
    "PatchMatters_Compare": Compare,
    "PatchMatters_Filter": Filter,
    "PatchMatters_Merge": Merge,
    "PatchMatters_Compose": Compose,
    "PatchMatters_EnhanceCaption": EnhanceCaption,
    "PatchMatters_FitPrompt": FitPrompt,
    "PatchMatters_RegionalConditioning": RegionalConditioning,
    "PatchMatters_Regions": Regions,
    "PatchMatters_Inspect": Inspect,
    "PatchMatters_SaveScene": SaveScene,
    "PatchMatters_LoadScene": LoadScene,
    "PatchMatters_LocalModel": LocalModel,
    "PatchMatters_ClipModel": ClipModel,
    "PatchMatters_Detect": Detect,
    "PatchMatters_ApiModel": ApiModel,
    "PatchMatters_JsonPrompt": SceneToJsonPrompt,
    "PatchMatters_LoadImageFolder": LoadImageFolder,
    "PatchMatters_SaveCaptions": SaveCaptions,
    "PatchMatters_ReadText": ReadText,
    "PatchMatters_CountObjects": CountObjects,
    "PatchMatters_QuickCaption": QuickCaption,
}

_INSIDE_EXPANSIONS = (CollectCaptions,)  # nobody places these, so they are not among the nodes above

NODES = (*NODE_CLASS_MAPPINGS.values(), *_INSIDE_EXPANSIONS)

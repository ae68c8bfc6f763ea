"""The PatchMatters engine: from a picture to a caption that is more detailed and less hallucinated.

It needs neither ComfyUI nor torch. Start with `patchmatters.pipeline.caption_picture`, or read the stages in the
order in which a picture flows through them: `picture`, `divide`, `describe`, `semantic_filter`, `aggregate`.
"""

__version__ = "0.2.0"

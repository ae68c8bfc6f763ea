"""Reference -> caption -> picture -> likeness: do captions of the pack make pictures that are nearer to the reference?

`python -m benchmarks.likeness SCENE.json --photo PHOTO --workflow text_to_image_api.json --prompt 6.text --seed 3.seed`

For each Scene the same workflow is run on a ComfyUI with the same seeds, once per arm: the captioner alone, the pack's
caption, the pack's regions, and the layout as JSON. Each picture is then compared with the reference.
"""

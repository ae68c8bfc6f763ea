"""The rest of pyproject.toml's packaging: the page's files, which ComfyUI wants beside the engine, go inside it."""

from setuptools import find_packages, setup

WEB = ("js", "css", "report")

setup(
    packages=[*find_packages(include=["patchmatters*"]), *(f"patchmatters.web.{part}" for part in WEB)],
    package_dir={f"patchmatters.web.{part}": f"web/{part}" for part in WEB},
)

"""The forms of prompts by name, apart from what writes them, so that the command line can list them at once."""

from __future__ import annotations

IDEOGRAM, FLUX3, FIBO, PLAIN, ELEMENTS = "ideogram", "flux3", "fibo", "plain", "elements"
FORMS = (IDEOGRAM, FLUX3, FIBO, PLAIN, ELEMENTS)

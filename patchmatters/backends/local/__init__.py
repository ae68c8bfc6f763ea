"""Local weights: loading them, decoding with them, and keeping them in memory. One concern a module.

`generation` decodes with any causal language model, `sampling` draws tokens, `batches` sizes batches and survives
running out of memory; `loading` and `processors` make models and processors of files; `devices` places them. Nothing
here is imported before a local backend is used.
"""

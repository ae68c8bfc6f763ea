"""A world with known truth: does the method tell more and invent less, and what does each stage earn?

`python -m benchmarks.truth` prints the tables. `scenes` draws, `language` words, `judge` reads; `simulated` and the
trained miniatures in `weights` caption and score; `scripted_writer` is a perfect LLM for text.
"""

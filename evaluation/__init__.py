"""Does the method tell more and invent less, and what does each stage earn?

    python -m evaluation                      the tables of drawn worlds, whose truth is known; --simulated usual
    python -m evaluation.tables.limits        where the method stops helping
    python -m evaluation.tables.witnesses     what witnesses bring
    python -m evaluation.bank                 captions as real models write them, labelled sentence by sentence
    python -m evaluation.bank.conflicts       planted contradictions
    python -m evaluation.score                your own captions against references, pictures and objects
    python -m evaluation.training             trains the miniatures again

`worlds` are drawn, `players` caption and score them, `judge` reads what was said, `tables` count it.
"""

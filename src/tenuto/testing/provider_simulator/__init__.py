"""A provider of models without a model: a real HTTP server that says what it was sent.

    python -m tenuto.testing.provider_simulator --port 0 --dialect openai --log calls.jsonl

It prints ``ready http://127.0.0.1:PORT`` when it listens. Rules it keeps, so that a test can foresee everything:

- A token is a word: a run of characters without white space.
- The answer quotes the last thing said: ``You said: "..."``, or ``The tool said: "..."`` after a tool's result.
- When the last words of the user name a declared tool, the answer is a call of that tool (of each one named),
  with every text parameter set to the user's words. When ``tool_choice`` demands a call (``required``, ``any``, or
  one tool by name) and no tool is named, the first one, or that one, is called.
- Faults on demand: ``--fault NAME``, a header ``x-simulate: NAME``, or a model named ``...+NAME``; see ``faults``.
- Every request leaves one line in the log, written through to the disk: what came, what was counted, how it ended.
"""

"""One model call: authenticate, plan, check, call, stream, account.

Everything that decides is pure (``plan``, ``document``, ``formats``, ``stream``); sockets live in ``client``
and ``server`` only. What the gateway needs from the rest of the house is declared in ``ports``.
"""

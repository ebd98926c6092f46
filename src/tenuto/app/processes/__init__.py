"""The processes of a running platform. Each has one ``run(settings, ready)``; ``tenuto.app.process`` calls it."""

"""The main job, done for real through the public doors, with evidence that another client reads back."""

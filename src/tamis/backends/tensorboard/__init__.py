"""TensorBoard: runs as event files in their own folders, for `tensorboard --logdir .tamis/runs`."""

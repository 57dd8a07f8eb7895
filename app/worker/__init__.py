"""What runs by itself: the sequencer, checkpoints, anchors, the outbox, and every timed step."""

"""The sampler process's work: hosts watched, samples taken, channels fed. No socket, no Flask.

`hub` is the door. Clock, sleep and transport come in as arguments.
"""

"""A private PCP on this host, and the processes of vectorpy beside it, kept alive.

stack       what `up`, `serve` and `collector` start, in which order
supervise   order, health and signals; keeper: one child; process: one process
pmcd, pmproxy, ours   the children: command line, environment, readiness
layout, agents, system   files of the private PCP, and the installed one they lean on
users, places, ports, logs   who, where, on which port, and what was said
inspect     `vectorpy check`
"""

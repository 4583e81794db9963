"""Grading of what students hand in: `python -m tools.grading`, or `make grade SUBMISSIONS=folder`.

Two processes take part in a grade, and points are never decided in the one that runs a student's
code. The *answers* process runs the lab with the student's answers, in a sandbox (`sandbox.py`).
The *checks* process, in a sandbox of its own, runs the lab as the course has it, solutions and
all; there a check cell runs with the names of the exercise replaced by stand-ins that fetch values
from the answers process, as data (`codec.py`). So a submission can neither read a check nor change
what a check uses: all it can do is give values, and those are right or wrong.

Reading order: `submissions.py` (what is taken from a file), `sandbox.py`, `session.py` (one process
and its limits), `worker.py` and `codec.py` (the code inside), `grader.py` (one submission),
`engine.py` (a class), `report.py` and `feedback.py` (what comes out).
"""

"""Grading of submissions: `python -m tools.grading`, or `make grade SUBMISSIONS=folder`.

Grading uses two processes, and points are never awarded in the one that runs student code. The
*answer process* runs the lab with the student's answers in a sandbox (`sandbox.py`). The *check
process*, in a separate sandbox, runs the original lab including the solutions; there a check cell
runs with the names of the exercise replaced by proxies that fetch values from the answer process as
data (`codec.py`). A submission can therefore neither read a check nor modify what it uses: all it
can do is return values, which are right or wrong.

Reading order: `submissions.py` (finding submissions), `students.py` (whose they are), `sandbox.py`,
`session.py` (one process and its limits), `worker.py` and `codec.py` (the code inside),
`attempt.py` (one submission), `grader.py` (one after the other), `engine.py` (a class),
`grades.py`, `report.py` and `feedback.py` (the results).
"""

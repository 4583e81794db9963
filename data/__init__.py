"""The course's own datasets: the shipped files, what checks them, and the generators (`render`)."""

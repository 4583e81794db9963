"""TFOD2 from the shell: installation, diagnosis, and its own programs on current TensorFlow."""

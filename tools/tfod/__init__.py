"""TFOD2 from the shell: installed, examined, and its own programs run on current TensorFlow."""

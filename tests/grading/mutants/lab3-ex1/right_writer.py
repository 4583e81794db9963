def frame(payload):
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "one.tfrecord"))
        with tf.io.TFRecordWriter(path) as writer:
            writer.write(payload)
        return Path(path).read_bytes()

def objects(payload):
    parsed = tf.io.parse_single_example(
        payload,
        {
            "image/object/mask": tf.io.RaggedFeature(tf.string),
            "image/object/class/text": tf.io.RaggedFeature(tf.string),
        },
    )
    names = [name.decode() for name in parsed["image/object/class/text"].numpy()]
    areas = [
        int(np.count_nonzero(tf.io.decode_png(png, channels=1).numpy()))
        for png in parsed["image/object/mask"].numpy()
    ]
    return list(zip(names, areas))

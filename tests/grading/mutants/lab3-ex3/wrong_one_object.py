# Exactly one mask is expected, the published parser.
def objects(payload):
    parsed = tf.io.parse_single_example(
        payload,
        {
            "image/object/mask": tf.io.FixedLenFeature([], tf.string),
            "image/object/class/text": tf.io.FixedLenFeature([], tf.string),
        },
    )
    mask = tf.io.decode_png(parsed["image/object/mask"], channels=1).numpy()
    return [(parsed["image/object/class/text"].numpy().decode(), int((mask > 0).sum()))]

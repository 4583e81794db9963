def objects(payload):
    spec = {
        key: tf.io.VarLenFeature(tf.string)
        for key in ("image/object/mask", "image/object/class/text")
    }
    parsed = {k: v.values.numpy() for k, v in tf.io.parse_single_example(payload, spec).items()}
    found = []
    for number, name in enumerate(parsed["image/object/class/text"]):
        mask = tf.image.decode_png(parsed["image/object/mask"][number], channels=1).numpy()
        found.append((name.decode("utf-8"), int((mask != 0).sum())))
    return found

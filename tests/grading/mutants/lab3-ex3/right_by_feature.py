def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    result = []
    for name, png in zip(
        feature["image/object/class/text"].bytes_list.value,
        feature["image/object/mask"].bytes_list.value,
        strict=True,
    ):
        mask = tf.io.decode_png(png, channels=1)
        result.append((name.decode(), int(tf.math.count_nonzero(mask))))
    return result

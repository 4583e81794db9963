# Class numbers instead of names.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    numbers = feature["image/object/class/label"].int64_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [
        (n, int((tf.io.decode_png(p, channels=1).numpy() > 0).sum())) for n, p in zip(numbers, pngs)
    ]

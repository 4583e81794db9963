# The names are not decoded.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [
        (n, int((tf.io.decode_png(p, channels=1).numpy() > 0).sum())) for n, p in zip(names, pngs)
    ]

# The size of the picture instead of the mask's area.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [
        (n.decode(), int(tf.io.decode_png(p, channels=1).numpy().size)) for n, p in zip(names, pngs)
    ]

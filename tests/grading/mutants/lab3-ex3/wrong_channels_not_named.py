# The PNG's own number of channels: three where it was written in colour, so pixels count thrice.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [(n.decode(), int((tf.io.decode_png(p).numpy() > 0).sum())) for n, p in zip(names, pngs)]

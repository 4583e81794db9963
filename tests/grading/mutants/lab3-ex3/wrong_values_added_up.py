# The pixels' values are added up, as if the PNG held 0 and 255 and were divided once more.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    masks = [tf.io.decode_png(png, channels=1).numpy() for png in pngs]
    return [(n.decode(), int(m.astype(int).sum() * 2 / 3)) for n, m in zip(names, masks)]

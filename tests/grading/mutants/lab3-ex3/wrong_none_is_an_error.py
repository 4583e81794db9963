# A record without objects is refused.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    pngs = list(feature["image/object/mask"].bytes_list.value)
    masks = np.stack([tf.io.decode_png(p, channels=1).numpy()[..., 0] > 0 for p in pngs])
    names = feature["image/object/class/text"].bytes_list.value
    return [(n.decode(), int(m.sum())) for n, m in zip(names, masks)]

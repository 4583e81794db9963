# Pixels of the whole class for each of its objects.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    areas = [int((tf.io.decode_png(p, channels=1).numpy() > 0).sum()) for p in pngs]
    total = {}
    for name, area in zip(names, areas):
        total[name] = total.get(name, 0) + area
    return [(name.decode(), area) for name, area in total.items()]

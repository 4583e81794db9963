# The area of the box instead of the mask's.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    sides = [
        np.array(feature[f"image/object/bbox/{side}"].float_list.value)
        for side in ("ymin", "xmin", "ymax", "xmax")
    ]
    areas = (sides[2] - sides[0]) * (sides[3] - sides[1]) * 240 * 320
    return [(n.decode(), round(float(a))) for n, a in zip(names, areas)]

# %% right by_feature: By feature.
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


# %% right ragged: Ragged.
def objects(payload):
    parsed = tf.io.parse_single_example(
        payload,
        {
            "image/object/mask": tf.io.RaggedFeature(tf.string),
            "image/object/class/text": tf.io.RaggedFeature(tf.string),
        },
    )
    names = [name.decode() for name in parsed["image/object/class/text"].numpy()]
    areas = [
        int(np.count_nonzero(tf.io.decode_png(png, channels=1).numpy()))
        for png in parsed["image/object/mask"].numpy()
    ]
    return list(zip(names, areas))


# %% right sequence: Sequence.
def objects(payload):
    example = tf.train.Example()
    example.ParseFromString(payload)
    values = example.features.feature
    texts = [t.decode() for t in values["image/object/class/text"].bytes_list.value]
    masks = [
        tf.io.decode_image(m, channels=1).numpy() > 0
        for m in values["image/object/mask"].bytes_list.value
    ]
    return [(texts[i], int(masks[i].sum())) for i in range(len(texts))]


# %% right varlen: Varlen.
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


# %% wrong all_pixels: The size of the picture instead of the mask's area.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [
        (n.decode(), int(tf.io.decode_png(p, channels=1).numpy().size)) for n, p in zip(names, pngs)
    ]


# %% wrong box_areas: The area of the box instead of the mask's.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    sides = [
        np.array(feature[f"image/object/bbox/{side}"].float_list.value)
        for side in ("ymin", "xmin", "ymax", "xmax")
    ]
    areas = (sides[2] - sides[0]) * (sides[3] - sides[1]) * 240 * 320
    return [(n.decode(), round(float(a))) for n, a in zip(names, areas)]


# %% wrong bytes_for_names: The names are not decoded.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [
        (n, int((tf.io.decode_png(p, channels=1).numpy() > 0).sum())) for n, p in zip(names, pngs)
    ]


# %% wrong channels_not_named: The PNG's own number of channels: three where it was written in colour, so pixels count thrice.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [(n.decode(), int((tf.io.decode_png(p).numpy() > 0).sum())) for n, p in zip(names, pngs)]


# %% wrong class_numbers: Class numbers instead of names.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    numbers = feature["image/object/class/label"].int64_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    return [
        (n, int((tf.io.decode_png(p, channels=1).numpy() > 0).sum())) for n, p in zip(numbers, pngs)
    ]


# %% wrong none_is_an_error: A record without objects is refused.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    pngs = list(feature["image/object/mask"].bytes_list.value)
    masks = np.stack([tf.io.decode_png(p, channels=1).numpy()[..., 0] > 0 for p in pngs])
    names = feature["image/object/class/text"].bytes_list.value
    return [(n.decode(), int(m.sum())) for n, m in zip(names, masks)]


# %% wrong one_object: Exactly one mask is expected, the published parser.
def objects(payload):
    parsed = tf.io.parse_single_example(
        payload,
        {
            "image/object/mask": tf.io.FixedLenFeature([], tf.string),
            "image/object/class/text": tf.io.FixedLenFeature([], tf.string),
        },
    )
    mask = tf.io.decode_png(parsed["image/object/mask"], channels=1).numpy()
    return [(parsed["image/object/class/text"].numpy().decode(), int((mask > 0).sum()))]


# %% wrong sorted_by_area: The largest object first, not the record's order.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    found = [
        (n.decode(), int((tf.io.decode_png(p, channels=1).numpy() > 0).sum()))
        for n, p in zip(names, pngs)
    ]
    return sorted(found, key=lambda item: item[1])


# %% wrong sum_for_each_class: Pixels of the whole class for each of its objects.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    areas = [int((tf.io.decode_png(p, channels=1).numpy() > 0).sum()) for p in pngs]
    total = {}
    for name, area in zip(names, areas):
        total[name] = total.get(name, 0) + area
    return [(name.decode(), area) for name, area in total.items()]


# %% wrong values_added_up: The pixels' values are added up, as if the PNG held 0 and 255 and were divided once more.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    pngs = feature["image/object/mask"].bytes_list.value
    masks = [tf.io.decode_png(png, channels=1).numpy() for png in pngs]
    return [(n.decode(), int(m.astype(int).sum() * 2 / 3)) for n, m in zip(names, masks)]


# %% right parse_single: TensorFlow's own parser, with lists of any length.
def objects(payload):
    spec = {
        "image/object/class/text": tf.io.VarLenFeature(tf.string),
        "image/object/mask": tf.io.RaggedFeature(tf.string),
    }
    got = tf.io.parse_single_example(payload, spec)
    names = tf.sparse.to_dense(got["image/object/class/text"]).numpy().tolist()
    masks = [tf.image.decode_png(png, 1) for png in got["image/object/mask"]]
    areas = [int(tf.math.count_nonzero(mask)) for mask in masks]
    return list(zip((str(name, "utf-8") for name in names), areas))


# %% wrong by_helpers: The course's own reader, which the text forbids.
def objects(payload):
    one = records.parse(payload)
    return [(name, int(mask.sum())) for name, mask in zip(one.class_names, one.masks)]


# %% wrong as_many_as_boxes: As many objects as the record has boxes.
def objects(payload):
    feature = tf.train.Example.FromString(payload).features.feature
    names = feature["image/object/class/text"].bytes_list.value
    masks = feature["image/object/mask"].bytes_list.value
    count = len(feature["image/object/bbox/xmin"].float_list.value)
    decoded = [tf.io.decode_png(masks[k], channels=1).numpy() for k in range(count)]
    return [(names[k].decode(), int((decoded[k] > 0).sum())) for k in range(count)]


# %% wrong brightest_pixels: The brightest pixels count, which are all of them in an empty mask.
def objects(payload):
    f = tf.train.Example.FromString(payload).features.feature
    out = []
    for n, p in zip(
        f["image/object/class/text"].bytes_list.value, f["image/object/mask"].bytes_list.value
    ):
        m = tf.io.decode_png(p, channels=1).numpy()
        out.append((n.decode(), int((m == m.max()).sum())))
    return out


# %% wrong name_from_repr: The name is cut out of the representation of the bytes.
def objects(payload):
    f = tf.train.Example.FromString(payload).features.feature
    out = []
    for n, p in zip(
        f["image/object/class/text"].bytes_list.value, f["image/object/mask"].bytes_list.value
    ):
        m = tf.io.decode_png(p, channels=1).numpy()
        out.append((str(n)[2:-1], int((m > 0).sum())))
    return out

# %% right listed: The four keys by name.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    for key in (
        "image/facts",
        "image/object/amodal_mask",
        "image/segmentation/encoded",
        "image/segmentation/format",
    ):
        if key in message.features.feature:
            del message.features.feature[key]
    return message.SerializeToString()


# %% right built_anew: A new message with what is to stay.
def smaller(payload):
    old = tf.train.Example.FromString(payload).features.feature
    gone = ("facts", "amodal_mask", "segmentation")
    kept = {key: old[key] for key in old if not any(word in key for word in gone)}
    return tf.train.Example(features=tf.train.Features(feature=kept)).SerializeToString()


# %% right deterministic: The same keys, written in a fixed order.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    feature = message.features.feature
    for key in [k for k in feature if "segmentation" in k or "amodal" in k or k.endswith("facts")]:
        feature.pop(key)
    return message.SerializeToString(deterministic=True)


# %% right cleared: Keys of a set, where they are.
def smaller(payload):
    example_proto = tf.train.Example()
    example_proto.ParseFromString(payload)
    extras = {
        "image/facts",
        "image/object/amodal_mask",
        "image/segmentation/encoded",
        "image/segmentation/format",
    }
    for key in extras & set(example_proto.features.feature):
        del example_proto.features.feature[key]
    return bytes(example_proto.SerializeToString())


# %% wrong unchanged: Nothing is left out.
def smaller(payload):
    return payload


# %% wrong masks_too: Everything with mask in its name goes, the masks themselves as well.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    for key in list(message.features.feature):
        if "mask" in key or "facts" in key or "segmentation" in key:
            del message.features.feature[key]
    return message.SerializeToString()


# %% wrong picture_again: The picture compressed once more, with loss.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    feature = message.features.feature
    for key in [k for k in feature if "segmentation" in k or "amodal" in k or k.endswith("facts")]:
        del feature[key]
    image = tf.io.decode_jpeg(feature["image/encoded"].bytes_list.value[0])
    feature["image/encoded"].bytes_list.value[0] = tf.io.encode_jpeg(image, quality=60).numpy()
    return message.SerializeToString()


# %% wrong only_the_essentials: Crowds, areas, sizes and names of files are lost.
def smaller(payload):
    old = tf.train.Example.FromString(payload).features.feature
    words = ("encoded", "bbox", "class", "object/mask")
    kept = {k: old[k] for k in old if any(word in k for word in words) and "segm" not in k}
    return tf.train.Example(features=tf.train.Features(feature=kept)).SerializeToString()


# %% wrong extras_taken_for_granted: A record without extras raises KeyError.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    for key in (
        "image/facts",
        "image/object/amodal_mask",
        "image/segmentation/encoded",
        "image/segmentation/format",
    ):
        if key not in message.features.feature:
            raise KeyError(key)
        del message.features.feature[key]
    return message.SerializeToString()


# %% wrong compressed: Smaller, and no record of this format any more.
def smaller(payload):
    import zlib

    return zlib.compress(payload, 9)


# %% wrong cut: The end is cut off.
def smaller(payload):
    return payload[: len(payload) * 2 // 3]


# %% wrong emptied: The keys stay, and so do two of their values.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    del message.features.feature["image/object/amodal_mask"]
    return message.SerializeToString()


# %% wrong first_object: Only the first mask of each record is kept.
def smaller(payload):
    message = tf.train.Example.FromString(payload)
    feature = message.features.feature
    for key in [k for k in feature if "segmentation" in k or "amodal" in k or k.endswith("facts")]:
        del feature[key]
    del feature["image/object/mask"].bytes_list.value[1:]
    return message.SerializeToString()

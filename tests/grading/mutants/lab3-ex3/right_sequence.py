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
